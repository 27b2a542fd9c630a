"""Examples of requests and answers: those of WebKasa, written once, and others made from them.

`BY_COMPONENT` has the example of a struct wherever it occurs; `REQUESTS` and `ANSWERS` have those
that differ in one call. Anything else gets an example from its schema, so a new call has one too.
"""

from typing import Any, Final

from kalends.web.openapi.schemas import REF, Schema

Example = dict[str, Any]

_ATTENDEE: Final[Example] = {
    "name": "John Doe",
    "email": "john@example.com",
    "phone": "+1234567890",
    "timezone": "America/New_York",
    "notes": "First-time visitor",
}
_APPOINTMENT: Final[Example] = {
    "start_time": "2024-02-15T10:00:00Z",
    "end_time": "2024-02-15T11:00:00Z",
    "timezone": "America/Los_Angeles",
    "title": "Consultation Call",
    "location": "Zoom",
    "location_type": "video",
}
_NEW_BOOKING: Final[Example] = {
    "schedule_id": "sch_abc123",
    "event_type_id": "evt_xyz789",
    **_APPOINTMENT,
    "attendee": _ATTENDEE,
    "metadata": {"source": "website"},
}
_BOOKING: Final[Example] = {
    "id": "bk_abc123",
    "schedule_id": "sch_abc123",
    "schedule_ids": ["sch_abc123"],
    "event_type_id": "evt_xyz789",
    "status": "PENDING",
    **_APPOINTMENT,
    "attendee_name": "John Doe",
    "attendee_email": "john@example.com",
    "attendee": _ATTENDEE | {"phone_e164": None, "locale": None},
    "answers": {},
    "answers_e164": {},
    "hosts": [{"schedule_id": "sch_abc123", "user_id": "usr_def456", "name": "Ada Lovelace"}],
    "needs_new_time": False,
    "calendar_events": [
        {
            "schedule_id": "sch_abc123",
            "calendar_id": "cal_abc123",
            "state": "written",
            "url": None,
            "error": None,
        }
    ],
    "video": {"provider": "zoom", "state": "made", "error": None},
    "metadata": {"source": "website"},
    "source": "api",
    "external": {"provider": None, "uid": None},
    "conflict": False,
    "cancellation_reason": None,
    "cancelled_by": None,
    "created_at": "2024-01-01T00:00:00Z",
    "updated_at": "2024-01-01T00:00:00Z",
}
_CONFIRMED: Final[Example] = _BOOKING | {
    "status": "CONFIRMED",
    "metadata": {"source": "website", "confirmed_by": "admin"},
    "updated_at": "2024-01-02T00:00:00Z",
}
_KEY: Final[Example] = {"type": "api_key", "id": "key_abc123", "name": "Front desk"}
_CANCELLED: Final[Example] = _BOOKING | {
    "status": "CANCELLED",
    "cancelled_by": _KEY,
    "updated_at": "2024-01-02T00:00:00Z",
    "cancelled": True,
}
_SCHEDULE: Final[Example] = {
    "name": "Room 1",
    "description": "Second floor, left",
    "timezone": "America/Los_Angeles",
    "availability": {
        "monday": {"start": "09:00", "end": "17:00"},
        "friday": [{"start": "09:00", "end": "12:00"}, {"start": "13:00", "end": "15:00"}],
    },
    "overrides": {"2026-12-24": [], "2026-12-31": [{"start": "09:00", "end": "12:00"}]},
    "booking_limits": {"max_per_day": 8, "min_notice_hours": 2},
    "is_active": True,
}
_KNOWN_BY: Final[Example] = {
    "user_id": None,
    "slug": "room-1",
    "public_name": "Room 1",
    "color": "blue",
    "calendar_policy": {
        "on_move": "follow",
        "on_delete": "ask",
        "pending": "none",
        "details": "name",
        "fresh_check": "off",
        "when_stale": "close",
        "close_after_hours": 24,
    },
}
_PHOTO: Final[Example] = {
    "url": "/static/pictures/org_abc123/1f0d3c5a8b2e4d6f9a7c5e3b1d0f2a4c-192x192.jpg",
    "width": 192,
    "height": 192,
}
_EVENT_TYPE: Final[Example] = {
    "name": "Consultation Call",
    "slug": "consultation-call",
    "description": "An hour with one of us.",
    "duration_minutes": 60,
    "slot_step_minutes": 30,
    "buffer_before_minutes": 0,
    "buffer_after_minutes": 15,
    "min_notice_minutes": 120,
    "max_days_ahead": 60,
    "booking_limits": {"max_per_day": 8},
    "capacity": 1,
    "requires_confirmation": True,
    "requirements": [{"count": 1, "schedule_ids": ["sch_abc123", "sch_xyz789"]}],
    "location": "Zoom",
    "location_type": "video",
    "questions": [
        {
            "key": "topic",
            "label": "What is it about?",
            "type": "text",
            "required": True,
            "options": None,
        }
    ],
    "reminders_minutes_before": [1440, 60],
    "cancellation_notice_minutes": 1440,
    "expire_pending": True,
    "complete_after_minutes": 60,
    "host_choice": "optional",
    "visibility": "public",
    "position": 1,
    "redirect_url": "https://example.com/thanks",
    "video": "zoom",
    "attendee_fields": {"phone": "optional", "notes": "hidden"},
    "translations": {
        "de": {
            "name": "Beratung am Telefon",
            "description": "Eine Stunde mit einer von uns.",
            "questions": {"topic": {"label": "Worum geht es?", "options": None}},
        }
    },
    "is_active": True,
}
_MADE: Final[Example] = {"created_at": "2024-01-01T00:00:00Z", "updated_at": "2024-01-01T00:00:00Z"}
_BUSY: Final[Example] = {
    "start_time": "2026-12-28T09:00:00Z",
    "end_time": "2026-12-30T17:00:00Z",
    "reason": "Holiday",
}
_SLOT: Final[Example] = {
    "start_time": "2024-02-15T10:00:00Z",
    "end_time": "2024-02-15T11:00:00Z",
    "schedule_ids": ["sch_abc123"],
    "seats_left": 1,
}

_EVENT: Final[Example] = {
    "id": "wh_evt_abc123",
    "type": "booking.confirmed",
    "created_at": "2024-01-02T00:00:00Z",
    "data": _CONFIRMED,
    "previous_attributes": {"status": "PENDING", "metadata": {"confirmed_by": None}},
    "actor": _KEY,
}

# Examples of structs, wherever these occur.
BY_COMPONENT: Final[dict[str, Any]] = {
    "Actor": _KEY,
    "Attendee": _ATTENDEE,
    "Booking": _BOOKING,
    "CancelledBooking": _CANCELLED,
    "BusyTime": {
        "id": "busy_abc123",
        "schedule_id": "sch_abc123",
        "source": "manual",
        "calendar_id": None,
    }
    | _BUSY
    | {"created_at": "2024-01-01T00:00:00Z"},
    "EventType": {"id": "evt_xyz789", "schedule_id": None} | _EVENT_TYPE | _MADE,
    "Event": _EVENT,
    "Hold": {
        "id": "hld_abc123",
        "schedule_id": "sch_abc123",
        "schedule_ids": ["sch_abc123"],
        "event_type_id": "evt_xyz789",
        "start_time": "2024-02-15T10:00:00Z",
        "end_time": "2024-02-15T11:00:00Z",
        "expires_at": "2024-01-01T00:05:00Z",
        "created_at": "2024-01-01T00:00:00Z",
    },
    "PageMeta": {"total": 25, "limit": 50, "offset": 0, "hasMore": False},
    "Reason": {
        "code": "BUSY",
        "message": "The schedule is busy then.",
        "schedule_id": "sch_abc123",
        "in_the_way": [
            {
                "start_time": "2024-02-15T09:00:00Z",
                "end_time": "2024-02-15T12:00:00Z",
                "booking_id": None,
                "busy_time_id": "busy_abc123",
                "calendar_id": None,
                "calendar_name": None,
            }
        ],
    },
    "Schedule": {"id": "sch_abc123"} | _SCHEDULE | _KNOWN_BY | _MADE | {"photo": _PHOTO},
    "Slot": _SLOT,
    "SlotsMeta": {"total": 1, "timezone": "America/Los_Angeles"},
}
REQUESTS: Final[dict[str, Any]] = {
    "createBooking": _NEW_BOOKING,
    "updateBooking": {"status": "CONFIRMED", "metadata": {"confirmed_by": "admin"}},
    "createSchedule": _SCHEDULE,
    "updateSchedule": {"availability": {"monday": {"start": "10:00", "end": "16:00"}}},
    "createBusyTime": _BUSY,
    "createHold": {
        "event_type_id": "evt_xyz789",
        "start_time": "2024-02-15T10:00:00Z",
        "minutes": 5,
    },
    "createEventType": _EVENT_TYPE,
    "updateEventType": {"duration_minutes": 45, "buffer_after_minutes": 0},
    "updateOrganization": {"notify_emails": ["desk@example.com", "manager@example.com"]},
    "updateNotifications": {"rescheduled": False, "agenda_at": "07:30"},
    "createApiKey": {"name": "Website", "scopes": ["bookings:read", "bookings:write"]},
}
ANSWERS: Final[dict[str, Any]] = {
    "listBookings": {
        "data": [
            _BOOKING
            | {"schedule_id": "sch_xyz789", "schedule_ids": ["sch_xyz789"], "status": "CONFIRMED"}
        ],
        "meta": BY_COMPONENT["PageMeta"],
    },
    "updateBooking": {"data": _CONFIRMED},
    "explainSlot": {"data": {"offered": False, "reasons": [BY_COMPONENT["Reason"]]}},
}
_BY_CALENDAR: Final[Example] = {
    "previous_attributes": {},
    "actor": {"type": "system", "id": None, "name": "Kalends"},
}
_CONNECTION: Final[Example] = {
    "id": "ccn_abc123",
    "provider": "caldav",
    "account": "ada",
    "user_id": "usr_def456",
    "state": "failing",
    "reason": "The server did not answer: it took too long.",
    "last_synced_at": "2024-02-14T08:00:00Z",
    "stale_since": "2024-02-14T08:02:00Z",
    "consent_lacks": [],
    "calendars_total": 2,
    "created_at": "2024-01-01T00:00:00Z",
}
_FINDING: Final[Example] = {
    "id": "cfd_abc123",
    "kind": "deleted",
    "booking_id": "bk_abc123",
    "schedule_id": "sch_abc123",
    "calendar_id": "cal_abc123",
    "connection_id": "ccn_abc123",
    "seen_at": "2024-02-14T10:00:00Z",
    "was_from": "2024-02-15T10:00:00Z",
    "was_until": "2024-02-15T11:00:00Z",
    "is_from": None,
    "is_until": None,
    "reason": None,
    "resolution": None,
    "resolved_at": None,
}
# The events that webhooks send, by type, with the booking as it is right after each.
EVENTS: Final[dict[str, Example]] = {
    "booking.created": _EVENT
    | {"type": "booking.created", "data": _BOOKING, "previous_attributes": {}},
    "booking.confirmed": _EVENT,
    "booking.cancelled": _EVENT
    | {
        "type": "booking.cancelled",
        "data": {name: value for name, value in _CANCELLED.items() if name != "cancelled"},
        "previous_attributes": {"status": "PENDING", "cancelled_by": None},
    },
    "booking.completed": _EVENT
    | {
        "type": "booking.completed",
        "data": _CONFIRMED | {"status": "COMPLETED"},
        "previous_attributes": {"status": "CONFIRMED"},
        "actor": {"type": "system", "id": None, "name": "Kalends"},
    },
    "booking.no_show": _EVENT
    | {
        "type": "booking.no_show",
        "data": _CONFIRMED | {"status": "NO_SHOW"},
        "previous_attributes": {"status": "CONFIRMED"},
        "actor": {"type": "user", "id": "usr_abc123", "name": "ada@example.com"},
    },
    "booking.rescheduled": _EVENT
    | {
        "type": "booking.rescheduled",
        "previous_attributes": {
            "start_time": "2024-02-14T10:00:00Z",
            "end_time": "2024-02-14T11:00:00Z",
        },
        "actor": {"type": "attendee", "id": None, "name": "John Doe"},
    },
    "booking.reassigned": _EVENT
    | {
        "type": "booking.reassigned",
        "previous_attributes": {
            "schedule_id": "sch_xyz789",
            "schedule_ids": ["sch_xyz789"],
            "hosts": [
                {"schedule_id": "sch_xyz789", "user_id": "usr_ghi012", "name": "Grace Hopper"}
            ],
        },
        "actor": {"type": "user", "id": "usr_abc123", "name": "ada@example.com"},
    },
    "booking.updated": _EVENT
    | {
        "type": "booking.updated",
        "previous_attributes": {
            "attendee_email": "jon@example.com",
            "attendee": {"email": "jon@example.com"},
        },
    },
    "booking.reminder": _EVENT
    | {
        "type": "booking.reminder",
        "previous_attributes": {},
        "actor": {"type": "system", "id": None, "name": "Kalends"},
    },
    "calendar.failing": _EVENT | {"type": "calendar.failing", "data": _CONNECTION, **_BY_CALENDAR},
    "calendar.recovered": _EVENT
    | {
        "type": "calendar.recovered",
        "data": _CONNECTION | {"state": "active", "reason": None, "stale_since": None},
        **_BY_CALENDAR,
    },
    "calendar.finding": _EVENT | {"type": "calendar.finding", "data": _FINDING, **_BY_CALENDAR},
}
# Examples of fields whose schema only says that they are text.
FIELDS: Final[dict[str, Any]] = {
    "created_at": "2024-01-01T00:00:00Z",
    "email": "admin@example.com",
    "expires_at": "2024-12-31T00:00:00Z",
    "key": "wk_live_xxx…",
    "name": "Front desk",
    "notify_email": "desk@example.com",
    "notify_emails": ["desk@example.com"],
    "organization_id": "org_abc123",
    "password": "correct horse battery",
    "slug": "front-desk",
    "updated_at": "2024-01-01T00:00:00Z",
}


def example_of(schema: Schema, components: dict[str, Schema]) -> Any:
    """A value that the schema allows."""
    if "$ref" in schema:
        name = schema["$ref"].removeprefix(REF)
        return (
            BY_COMPONENT[name] if name in BY_COMPONENT else example_of(components[name], components)
        )
    for keyword in ("examples", "enum"):
        if keyword in schema:
            return schema[keyword][0]
    for keyword in ("const", "default"):
        if keyword in schema:
            return schema[keyword]
    if "anyOf" in schema:
        return example_of(schema["anyOf"][0], components)
    return _of_type(schema, components)


def _of_type(schema: Schema, components: dict[str, Schema]) -> Any:
    kinds = schema.get("type", "object")
    kind = kinds[0] if isinstance(kinds, list) else kinds
    if kind == "object":
        fields = schema.get("properties", {}).items()
        return {name: _of_field(name, field, components) for name, field in fields}
    if kind == "array":
        return [example_of(schema["items"], components)] if "items" in schema else []
    if kind == "string":
        return "2024-01-01T00:00:00Z" if schema.get("format") == "date-time" else "Text"
    return {"boolean": True, "null": None}.get(kind, schema.get("minimum", 1))


def _of_field(name: str, schema: Schema, components: dict[str, Schema]) -> Any:
    if name in FIELDS and "examples" not in schema:
        return FIELDS[name]
    return example_of(schema, components)
