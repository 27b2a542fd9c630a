"""The descriptions of the API's fields, tags and headers, each written once.

A field is described by its name, as it means the same in all structs, or else by `Struct.field`. A
description in the struct itself takes precedence over both.
"""

from typing import Final

FIELDS: Final[dict[str, str]] = {
    "account_id": "The account at Zoom.",
    "client_id": "The application at Zoom.",
    "hook": "Your own hook, which makes links; null if there is none.",
    "video": "Who makes the link to the video call.",
    "zoom": "The application at Zoom; null if there is none.",
    "action": "What is done with the booking.",
    "actor": "Who did it.",
    "access": "What may be done with it.",
    "active": "Only active ones (true), or only inactive ones (false).",
    "all_day_blocks": "Whether events of whole days make the schedule busy.",
    "answers": "Answers to the event type's questions, by key.",
    "attendee": "The attendee.",
    "attendee_email": "The attendee's e-mail address; the same as `attendee.email`.",
    "attendee_fields": "What the form of the page asks for beside name and e-mail address.",
    "attendee_name": "The attendee's name; the same as `attendee.name`.",
    "availability": "When it is open, week by week: windows by the weekday's name in lower case.",
    "booking": "The booking as it is now.",
    "booking_id": "The booking.",
    "booking_limits": "How much may be booked.",
    "buffer_after_minutes": "Minutes kept free after each booking.",
    "buffer_before_minutes": "Minutes kept free before each booking.",
    "busy_time_id": "The busy time.",
    "calendar_id": "The calendar of a connection.",
    "calendar_policy": "How it treats its calendars elsewhere.",
    "calendars_total": "How many calendars it has.",
    "cancellation_notice_minutes": "How long before the start an attendee may still cancel or move "
    "the booking. Null: until its start.",
    "cancellation_reason": "The reason for the cancellation.",
    "cancelled": "Always true: the booking is cancelled now.",
    "MessageTemplate.kind": "Which mail about a booking.",
    "MessageTemplate.audience": "Who gets it: the attendee, the organization or the host.",
    "CreateMessageTemplate.kind": "Which mail about a booking.",
    "CreateMessageTemplate.audience": "Who gets it: the attendee, the organization or the host.",
    "PreviewMessage.kind": "Which mail about a booking.",
    "PreviewMessage.audience": "Who gets it: the attendee, the organization or the host.",
    "MessagePreview.subject": "The mail's subject.",
    "MessagePreview.text": "The mail as plain text.",
    "MessagePreview.html": "The mail as HTML.",
    "MessageTest.to": "The address of the user.",
    "UserNotifications.requested": "Whether mails come about requests, which wait to be confirmed.",
    "UserNotifications.confirmed": "Whether mails come about bookings that are confirmed.",
    "UserNotifications.rescheduled": "Whether mails come about bookings that get another time or "
    "other details.",
    "UserNotifications.cancelled": "Whether mails come about bookings that are cancelled.",
    "UserNotifications.reassigned": "Whether mails come about bookings that come from another "
    "host or go to one.",
    "UpdateNotifications.requested": "Whether mails come about requests, which wait to be "
    "confirmed.",
    "UpdateNotifications.confirmed": "Whether mails come about bookings that are confirmed.",
    "UpdateNotifications.rescheduled": "Whether mails come about bookings that get another time "
    "or other details.",
    "UpdateNotifications.cancelled": "Whether mails come about bookings that are cancelled.",
    "UpdateNotifications.reassigned": "Whether mails come about bookings that come from another "
    "host or go to one.",
    "capacity": "How many attendees can book the same time (seats).",
    "close_after_hours": "After how many hours without a reading nothing is offered any more; "
    "null is never.",
    "code": "The rule, as in errors.",
    "complete_after_minutes": "Minutes after its end when a booking becomes COMPLETED by itself.",
    "connection_id": "The connection that it belongs to.",
    "conflict": "Whether it was imported although its time was taken; then it takes no time here.",
    "count": "How many of the schedules have to be free.",
    "created_at": "When it was created.",
    "data": "The result.",
    "decided_at": "When it was decided.",
    "decision": "The latest decision; null if there is none.",
    "decisions": "The decisions, each about one booking.",
    "deleted": "Always true.",
    "Webhook.description": "A description for people.",
    "CreatedWebhook.description": "A description for people.",
    "UpdateWebhook.description": "A description for people.",
    "description": "A description for people; may have several lines.",
    "details": "What an event says: who comes, all that is known of the attendee, or nothing.",
    "duration_minutes": "How long a booking takes.",
    "email": "An e-mail address, checked for its form only.",
    "end": "When the window ends, HH:MM; `24:00` is the end of the day.",
    "end_time": "When it ends (exclusive).",
    "event_type_id": "The event type that was booked, if any.",
    "events_total": "How many events it has.",
    "expire_pending": "Whether a booking that is still PENDING at its start is cancelled.",
    "expires_at": "When it ends by itself; null if never.",
    "external": "Where an imported booking came from.",
    "fresh_check": "Whether calendars are briefly checked again right before a booking.",
    "friday": "Windows on Fridays.",
    "hasMore": "Whether there is more after this page.",
    "id": "Its id: opaque, for life.",
    "in_the_way": "What occupies the time.",
    "is_active": "Whether it can be booked.",
    "key": "The question's name in `answers`.",
    "label": "The question, as attendees read it.",
    "last_synced_at": "When it was last read; null if never.",
    "last_four": "The last four characters of the key.",
    "limit": "The most items on a page.",
    "location": "Where it takes place: an address, a number, a link.",
    "location_type": "The kind of place.",
    "max_days_ahead": "How many days ahead can be booked; null is no limit.",
    "max_per_day": "How many bookings a day, in its time zone; null is no limit.",
    "memberships": "The organizations that the user belongs to.",
    "meta": "Where the page stands in the list.",
    "metadata": "Any data of your own, up to 64,000 bytes of JSON.",
    "message": "What is wrong, in a sentence.",
    "min_notice_hours": "Hours of notice that a booking needs; null allows the past, 0 does not.",
    "min_notice_minutes": "Minutes of notice that a booking needs; null allows the past.",
    "minutes": "How many minutes it is kept.",
    "mode": "`live`, or `test` in the sandbox.",
    "monday": "Windows on Mondays.",
    "name": "Its name, for people.",
    "notes": "Notes; may have several lines.",
    "notify_email": "The first of `notify_emails`.",
    "notify_emails": "Where mail about bookings goes.",
    "offered": "Whether it can be booked now.",
    "offset": "How many were skipped.",
    "on_delete": "What follows when an event is deleted there: somebody is asked, the booking is "
    "cancelled, or the event is written again.",
    "on_move": "What follows when an event is moved there: the booking moves too, somebody is "
    "asked, or the event is moved back.",
    "options": "What can be chosen.",
    "organization_id": "The organization.",
    "overrides": "Days that differ from the week: windows by day; an empty list is closed.",
    "out_of_office_blocks": "Whether time out of office makes the schedule busy.",
    "override": "Books although rules of availability refuse it, but never a taken time; needs "
    "the scope `bookings:override`.",
    "out_of_office": "Whether somebody is out of office then.",
    "password": "The password.",
    "pending": "What is written for a booking that is PENDING.",
    "phone": "A telephone number, in any form.",
    "provider": "The system it came from, such as `calcom`.",
    "CalendarConnection.provider": "The kind of account.",
    "CreateCalendarConnection.provider": "The kind of account.",
    "questions": "The questions that attendees answer when they book.",
    "reason": "The reason.",
    "reasons": "Every rule that refuses the time; empty if it is offered.",
    "reminders_minutes_before": "When the attendee is reminded, in minutes before the start.",
    "required": "Whether an answer is required.",
    "requirements": "Which schedules must be free; all requirements have to be met.",
    "requires_confirmation": "Whether bookings begin as PENDING; otherwise they are CONFIRMED at "
    "once.",
    "role": "What the user may do there.",
    "saturday": "Windows on Saturdays.",
    "schedule_id": "The schedule that is booked.",
    "schedule_ids": "Schedules, by their ids.",
    "scopes": "What the key may do.",
    "seats_left": "How many more can book it in the same session.",
    "signed_out": "Always true.",
    "slot_step_minutes": "Minutes from one possible start to the next.",
    "slug": "Its name in links: lower-case letters, digits and hyphens.",
    "source": "How it was made: api, page, calcom, …",
    "start": "When the window begins, HH:MM.",
    "start_time": "When it begins.",
    "status": "Its status.",
    "sunday": "Windows on Sundays.",
    "tentative": "Whether it is not certain yet.",
    "tentative_blocks": "Whether tentative events make the schedule busy.",
    "thursday": "Windows on Thursdays.",
    "timezone": "An IANA time-zone name, such as Europe/Berlin.",
    "title": "Its subject.",
    "total": "How many there are in the whole list.",
    "tuesday": "Windows on Tuesdays.",
    "type": "The kind.",
    "uid": "Its id in that system.",
    "updated_at": "When it last changed.",
    "wednesday": "Windows on Wednesdays.",
    "Actor.id": "The id of a key or a user; null for others.",
    "Actor.name": "A name for people: a key's name, a user's address, an attendee's name; null "
    "if it is not known.",
    "Actor.type": "Whether it was an API key, a signed-in user, the attendee, Kalends by itself "
    "(`system`), an operator at the command line, or Cal.com.",
    "Attendee.name": "The attendee's name.",
    "AttendeeInput.name": "The attendee's name.",
    "UpdateAttendee.name": "The attendee's name.",
    "Attendee.timezone": "The attendee's own time zone, for mail and invitations.",
    "AttendeeInput.timezone": "The attendee's own time zone, for mail and invitations.",
    "UpdateAttendee.timezone": "The attendee's own time zone, for mail and invitations.",
    "CreateHold.end_time": "When it ends (exclusive); required unless the event type settles it.",
    "CreateHold.event_type_id": "The event type to book.",
    "CreateHold.schedule_id": "The schedule to hold; required unless the event type settles it.",
    "BookingsQuery.event_type_id": "Bookings of this event type.",
    "CreateBooking.schedule_id": "The schedule to book; required unless the event type settles it.",
    "CreateBooking.end_time": "When it ends (exclusive); required unless the event type settles "
    "it.",
    "CreateBooking.event_type_id": "The event type to book.",
    "PageQuery.limit": "The most items to return.",
    "PageQuery.offset": "How many to skip.",
    "UpdateBooking.end_time": "The new end. Default: the booking keeps its length.",
    "UpdateBooking.status": "The new status.",
    "at": "When it was tried.",
    "attempts": "The attempts, oldest first.",
    "delivered": "Whether the receiver accepted it.",
    "disabled_reason": "Why it was disabled.",
    "duration_ms": "How long it took, in milliseconds.",
    "enabled": "Whether it receives events.",
    "error": "Why it failed; null if it did not.",
    "event_id": "The event, which the receiver gets as `webhook-id`.",
    "events": "The events that it receives.",
    "response": "The answer.",
    "state": "pending, delivered or exhausted.",
    "url": "Where events are sent.",
    "WebhookTest.status": "The HTTP status of the answer; null if there was none.",
    "when_stale": "What happens while calendars cannot be read: go on with what was known, or "
    "offer nothing.",
}

# The summary and the description of each call for operators, by name.
OPERATIONS: Final[dict[str, tuple[str, str]]] = {
    "healthz": (
        "Check that the process is alive",
        "Answers with the versions that it runs. Does not use the database.",
    ),
    "readyz": (
        "Check that it can serve requests",
        "200 if the database answers, so that requests can be served.",
    ),
    "metrics": (
        "Metrics",
        "In Prometheus' text format. Figures of the outbox are those of all processes, at most ten "
        "seconds old, and missing while the database does not answer. 404 if `KALENDS_METRICS` is "
        "off.",
    ),
    "openapi": ("This description", "OpenAPI 3.1."),
    "docs": ("This description as a page", "Works without the internet."),
}
TAGS: Final[dict[str, str]] = {
    "Bookings": "Appointments: create, confirm, move, cancel and complete them.",
    "Schedules": "Anything that can be booked: a person, a room, a machine. When it is open, and "
    "how much may be booked.",
    "Absences": "Times in which a person is away on all of their schedules, or one schedule is, "
    "and what happens to the bookings in that time.",
    "Busy times": "Time on a schedule that cannot be booked and is no booking.",
    "Event types": "What can be booked: how long it takes, which schedules have to be free, "
    "which questions are asked.",
    "Slots": "The times that can be booked, and why others cannot.",
    "Calendars": "Accounts elsewhere, whose calendars schedules read and write.",
    "Holds": "A time kept for some minutes for somebody who is booking.",
    "Webhooks": "URLs that receive the events of bookings: in order for each booking, signed, and "
    "retried until they are accepted.",
    "Event log": "What happened to bookings, to be read at any time.",
    "Organization": "The tenant that the key belongs to.",
    "Video links": "The accounts that make links to video calls.",
    "Message templates": "The organization's own words in mails about bookings, and which mails "
    "are not sent.",
    "Users": "Who belongs to the organization, and in which role.",
    "API keys": "Who may call this API, and which calls. They need the scope `*`.",
    "Sessions": "Signing in with e-mail and password, for the console and for calls that need an "
    "admin. `/api/v1` takes keys only.",
    "Cal.com": "Imports bookings from Cal.com and keeps them up to date. For signed-in admins.",
    "Operations": "For those who run the server and their machines; open to everyone.",
}

HEADERS: Final[dict[str, dict[str, object]]] = {
    "X-Request-Id": {
        "description": "The request's id, as in the log and in errors.",
        "required": True,
        "schema": {"type": "string", "pattern": "^[A-Za-z0-9_.-]{8,64}$"},
        "example": "1f0d3c5a9be24e77",
    },
    "X-RateLimit-Limit": {
        "description": "How many such requests a minute the key may make. All three headers are "
        "missing if there is no limit.",
        "schema": {"type": "integer", "minimum": 1},
        "example": 300,
    },
    "X-RateLimit-Remaining": {
        "description": "How many are left.",
        "schema": {"type": "integer", "minimum": 0},
        "example": 299,
    },
    "X-RateLimit-Reset": {
        "description": "When the full number is available again, in Unix seconds.",
        "schema": {"type": "integer", "minimum": 0},
        "example": 1707991200,
    },
    "ETag": {
        "description": "The version of the thing, for `If-Match` (or, of a page, of the file).",
        "required": True,
        "schema": {"type": "string", "pattern": '^"[^"]*"$'},
        "example": '"3"',
    },
    "Idempotency-Replayed": {
        "description": "Present, and true, if this is the stored answer to the first such request.",
        "schema": {"type": "string", "const": "true"},
        "example": "true",
    },
    "Retry-After": {
        "description": "In how many seconds to try again.",
        "required": True,
        "schema": {"type": "integer", "minimum": 0},
        "example": 2,
    },
    "Allow": {
        "description": "The methods of this path.",
        "required": True,
        "schema": {"type": "string"},
        "example": "GET, POST",
    },
    "WWW-Authenticate": {
        "description": "How to authenticate.",
        "required": True,
        "schema": {"type": "string"},
        "example": 'Bearer realm="kalends"',
    },
    "Set-Cookie": {
        "description": "The session `kalends_session`, or its end.",
        "required": True,
        "schema": {"type": "string"},
        "example": "kalends_session=…; Path=/; Max-Age=1209600; HttpOnly; SameSite=Lax",
    },
}

# Without examples, as the page `/docs` would fill them in, and a second try would be refused.
PARAMETERS: Final[dict[str, dict[str, object]]] = {
    "X-Request-Id": {
        "name": "X-Request-Id",
        "in": "header",
        "description": "An id of your own for this request: 8 to 64 letters, digits, `_`, `.`, "
        "`-`. Anything else is ignored, and an id is generated.",
        "schema": {"type": "string"},
    },
    "Idempotency-Key": {
        "name": "Idempotency-Key",
        "in": "header",
        "description": "A request with the same key and body is done once; within 24 hours it is "
        "answered as the first time. Use a random UUID.",
        "schema": {"type": "string", "minLength": 1, "maxLength": 255},
    },
    "Kalends-Now": {
        "name": "Kalends-Now",
        "in": "header",
        "description": "Only in the sandbox, with a `wk_test_` key: an instant that counts as "
        "the present time for this request (slots, notice, horizon, upcoming, the end of holds). "
        "422 with other keys.",
        "schema": {"type": "string"},  # without a format, which client generators refuse here
    },
    "If-Match": {
        "name": "If-Match",
        "in": "header",
        "description": 'The `ETag` of the version to change, such as `"3"`; 412 `STALE` if it is '
        "no longer the current version.",
        "schema": {"type": "string"},
    },
}
