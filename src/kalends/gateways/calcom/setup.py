"""Reads the schedules and event types of Cal.com.

Settings without a counterpart here are named as left out, and never dropped silently.
"""

import re
from collections.abc import Mapping
from typing import Any, Final

from kalends.domain.booking import LocationType
from kalends.domain.event_type import Question, QuestionType
from kalends.domain.imports.setup import SourceEventType, SourceSchedule, UnusableSetup
from kalends.domain.schedule import WEEKDAYS, WindowText
from kalends.domain.values import ClockTime, Day
from kalends.formats.lenient_json import dict_in, line_in, list_in, text_in, whole_in, zone_in

LONGEST_MINUTES: Final = 30 * 24 * 60
MOST_IMPORTED_DAYS_AHEAD: Final = 3660
MOST_SEATS: Final = 10_000
DAY_ENDS: Final = frozenset({"23:59", "00:00", "24:00"})
QUESTION_TYPES: Final = {
    "text": QuestionType.TEXT,
    "textarea": QuestionType.TEXTAREA,
    "number": QuestionType.NUMBER,
    "boolean": QuestionType.BOOLEAN,
    "select": QuestionType.SELECT,
    "radio": QuestionType.SELECT,
    "multiselect": QuestionType.MULTISELECT,
    "checkbox": QuestionType.MULTISELECT,
    "email": QuestionType.EMAIL,
    "phone": QuestionType.PHONE,
    "url": QuestionType.TEXT,
    "address": QuestionType.TEXT,
}
LOCATION_TYPES: Final = {
    "address": (LocationType.IN_PERSON, "address"),
    "link": (LocationType.VIDEO, "link"),
    "phone": (LocationType.PHONE, "phone"),
    "integration": (LocationType.VIDEO, "integration"),
}
# Fields that have a counterpart here, or only concern Cal.com itself (names, looks, ids).
KNOWN: Final = frozenset(
    (
        "id", "ownerId", "users", "hosts", "title", "slug", "description", "lengthInMinutes",
        "slotInterval", "locations", "beforeEventBuffer", "afterEventBuffer",
        "minimumBookingNotice", "scheduleId", "seats", "seatsPerTimeSlot", "confirmationPolicy",
        "bookingLimitsCount", "bookingWindow", "bookingFields", "metadata", "bookerLayouts",
        "color", "bookingUrl", "calVideoSettings", "isInstantEvent", "interfaceLanguage",
        "customName", "teamId", "parentEventTypeId", "assignAllTeamMembers", "eventTypeColor",
    )
)  # fmt: skip


def read_schedule(value: Any) -> SourceSchedule | UnusableSetup:
    """The schedule, or why it cannot be used."""
    value = dict_in(value)
    number, zone = whole_in(value.get("id")), zone_in(value.get("timeZone"))
    name = line_in(value.get("name"), 200) or f"Schedule {number}"
    if number is None:
        return UnusableSetup(f"{name}: it has no id")
    left_out = [] if zone else [f"the time zone {value.get('timeZone')!r} (UTC instead)"]
    availability: dict[str, list[WindowText]] = {}
    for entry in map(dict_in, list_in(value.get("availability"))):
        window = _window(entry)
        days = [str(day).lower() for day in list_in(entry.get("days"))]
        for day in days:
            if window is None or day not in WEEKDAYS:
                left_out.append(f"the hours {_in_words(entry)}")
            else:
                availability.setdefault(day, []).append(window)
    overrides = _overrides(value, left_out)
    return SourceSchedule(
        number=number,
        name=name,
        timezone=zone or "UTC",
        availability=availability,
        overrides=overrides,
        is_default=value.get("isDefault") is True,
        left_out=left_out,
    )


def read_event_type(value: Any) -> SourceEventType | UnusableSetup:
    """The event type, or why it cannot be used."""
    value = dict_in(value)
    number, minutes = whole_in(value.get("id")), whole_in(value.get("lengthInMinutes"))
    name = line_in(value.get("title"), 200) or f"Event type {number}"
    if number is None or minutes is None or not 1 <= minutes <= LONGEST_MINUTES:
        return UnusableSetup(f"{name}: it has no id, or no length that can be")
    left_out = [
        f"{key} {_in_words(v)}" for key, v in value.items() if key not in KNOWN and _is_set(v)
    ]
    max_days_ahead, max_per_day = _days_ahead(value, left_out), _per_day(value, left_out)
    requires_confirmation = _confirms(value, left_out)
    location, location_type = _location(value, left_out)
    slug = str(value.get("slug"))
    return SourceEventType(
        number=number,
        schedule_number=whole_in(value.get("scheduleId")),
        name=name,
        slug=slug if re.fullmatch(r"[a-z0-9][a-z0-9-]{0,59}", slug) else None,
        description=text_in(value.get("description")),
        duration_minutes=minutes,
        slot_step_minutes=_minutes(value.get("slotInterval"), 1),
        buffer_before_minutes=_minutes(value.get("beforeEventBuffer"), 0) or 0,
        buffer_after_minutes=_minutes(value.get("afterEventBuffer"), 0) or 0,
        min_notice_minutes=_minutes(value.get("minimumBookingNotice"), 0),
        max_days_ahead=max_days_ahead,
        max_per_day=max_per_day,
        capacity=_seats(value),
        requires_confirmation=requires_confirmation,
        location=location,
        location_type=location_type,
        questions=_questions(value, left_out),
        left_out=left_out,
    )


def _overrides(value: Mapping[str, Any], left_out: list[str]) -> dict[str, list[WindowText]]:
    """The overrides by day; a window that begins when it ends closes its day."""
    overrides: dict[str, list[WindowText]] = {}
    for entry in map(dict_in, list_in(value.get("overrides"))):
        try:
            day = Day.parse(str(entry.get("date"))[:10]).isoformat()
        except ValueError:
            left_out.append(f"the override {_in_words(entry)}")
            continue
        windows = overrides.setdefault(day, [])
        if entry.get("startTime") == entry.get("endTime"):
            continue
        window = _window(entry)
        if window is None:
            left_out.append(f"the override {_in_words(entry)}")
        else:
            windows.append(window)
    return overrides


def _window(entry: Mapping[str, Any]) -> WindowText | None:
    try:
        starts = str(ClockTime.parse(str(entry.get("startTime"))[:5]))
        ends = str(entry.get("endTime"))[:5]
        return WindowText(starts, "24:00" if ends in DAY_ENDS else str(ClockTime.parse(ends)))
    except ValueError:
        return None


def _days_ahead(value: Mapping[str, Any], left_out: list[str]) -> int | None:
    """The horizon in calendar days; other kinds of it are left out."""
    window = dict_in(value.get("bookingWindow"))
    days = whole_in(window.get("value")) if window.get("type") == "calendarDays" else None
    if days is not None and 0 <= days <= MOST_IMPORTED_DAYS_AHEAD:
        return days
    if _is_set(window):
        left_out.append(f"bookingWindow {_in_words(window)}")
    return None


def _per_day(value: Mapping[str, Any], left_out: list[str]) -> int | None:
    """The limit of bookings per day; limits per week, month or year are left out."""
    limits = dict_in(value.get("bookingLimitsCount"))
    left_out += [f"at most {n} a {unit}" for unit, n in limits.items() if _is_limit(unit, n)]
    per_day = whole_in(limits.get("day"))
    return per_day if per_day and per_day > 0 else None


def _confirms(value: Mapping[str, Any], left_out: list[str]) -> bool:
    """Whether bookings have to be confirmed; in Cal.com that may be only those at short notice."""
    policy = dict_in(value.get("confirmationPolicy"))
    confirms = policy.get("type") in ("always", "time") and policy.get("disabled") is not True
    if confirms and policy.get("type") == "time":
        left_out.append(f"confirmationPolicy {_in_words(policy)} (always instead)")
    return confirms


def _seats(value: Mapping[str, Any]) -> int:
    seats = dict_in(value.get("seats"))
    number = whole_in(seats.get("seatsPerTimeSlot")) or whole_in(value.get("seatsPerTimeSlot"))
    return min(number, MOST_SEATS) if number and number > 0 else 1


def _location(
    value: Mapping[str, Any], left_out: list[str]
) -> tuple[str | None, LocationType | None]:
    """The first location; a choice of several is left out, as we have none."""
    places = [dict_in(place) for place in list_in(value.get("locations"))]
    for place in places[1:]:
        left_out.append(f"the location {_in_words(place)}")
    first = places[0] if places else {}
    if first.get("type") not in LOCATION_TYPES:
        if first:
            left_out.append(f"the location {_in_words(first)}")
        return None, None
    kind, name = LOCATION_TYPES[str(first["type"])]
    return line_in(first.get(name)), kind


def _questions(value: Mapping[str, Any], left_out: list[str]) -> list[Question]:
    """The questions that were added in Cal.com; name, e-mail and the like are built in here too."""
    questions: dict[str, Question] = {}
    for booking_field in map(dict_in, list_in(value.get("bookingFields"))):
        if booking_field.get("isDefault") is True:
            continue
        label = line_in(booking_field.get("label") or booking_field.get("placeholder"), 200)
        key = re.sub("[^a-z0-9_]+", "_", str(booking_field.get("slug")).lower())[:64]
        kind = QUESTION_TYPES.get(str(booking_field.get("type")))
        options = [o for o in (line_in(o, 200) for o in list_in(booking_field.get("options"))) if o]
        needs_options = kind in (QuestionType.SELECT, QuestionType.MULTISELECT)
        if kind is None or not key or (needs_options and not options) or key in questions:
            left_out.append(f"the question {label or key!r} ({booking_field.get('type')})")
            continue
        questions[key] = Question(
            key=key,
            label=label or key,
            type=kind,
            required=booking_field.get("required") is True,
            options=options[:200] if needs_options else None,
        )
    return list(questions.values())[:50]


def _minutes(value: Any, least: int) -> int | None:
    minutes = whole_in(value)
    return minutes if minutes is not None and least <= minutes <= LONGEST_MINUTES else None


def _is_limit(unit: str, number: Any) -> bool:
    return unit != "day" and isinstance(number, int) and not isinstance(number, bool)


def _is_set(value: Any) -> bool:
    """Whether a setting has an effect; one that is switched off has none."""
    if isinstance(value, dict) and value.get("disabled") is True:
        return False
    return value not in (None, False, 0, "", [], {})


def _in_words(value: Any) -> str:
    """A setting's value as a short text for people."""
    if isinstance(value, dict):
        return ", ".join(f"{k} {_in_words(v)}" for k, v in value.items() if _is_set(v))[:200]
    if isinstance(value, list):
        return ", ".join(map(_in_words, value))[:200]
    return str(value)[:200]
