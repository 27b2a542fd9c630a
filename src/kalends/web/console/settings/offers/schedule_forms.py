"""The form of a schedule: turned into the API's JSON, and filled in from a schedule."""

from collections.abc import Iterable
from typing import Any, Final

from kalends.domain.changes import FieldChanges
from kalends.domain.errors import NeedsAdmin
from kalends.domain.ids import USER, encode_id_or_none
from kalends.domain.schedule import WEEKDAYS, Schedule, WindowText
from kalends.formats.encoding import encode
from kalends.services.schedules import NewSchedule
from kalends.translation import gettext
from kalends.web.api.schedules import CreateSchedule, parse_changes, parse_new
from kalends.web.console.settings.forms.drafts import Draft, check
from kalends.web.console.settings.forms.seen import SEEN_FIELDS, VERSION_FIELD
from kalends.web.console.settings.forms.typed import (
    YES,
    clock_text,
    number_or_text,
    rows_in,
    sent_of,
    text_or_none,
)
from kalends.web.http.reading import read_body
from kalends.web.pages.forms import FormFields

WINDOW: Final = ("start", "end")
ALWAYS_OPEN: Final = "always"
PLAIN: Final = ("name", "timezone", "description", "user_id", "public_name", "slug", "color")
NULL_IF_EMPTY: Final = ("user_id", "public_name", "description")
# Fields that keep their value if left empty; a new schedule is given one.
GIVEN_OUT: Final = ("slug", "color")
ABOUT: Final = frozenset({*PLAIN, "is_active"})
LIMIT_FIELDS: Final = ("booking_limits.max_per_day", "booking_limits.min_notice_hours")
NEW_HOURS: Final = {day: [WindowText("09:00", "17:00")] for day in WEEKDAYS[:5]}


def is_about(field: str) -> bool:
    """Whether the field is of the section about who or what the schedule is."""
    return field in ABOUT


def is_hours(field: str) -> bool:
    """Whether the field is of the section of the hours."""
    return field not in ABOUT


def new_draft(zone_name: str) -> Draft:
    """The form of a new schedule: office hours, in the organization's time zone."""
    return Draft.of_values({"timezone": zone_name, "is_active": YES, **_fields_of(NEW_HOURS)})


def draft_of(schedule: Schedule) -> Draft:
    """The form filled in from the schedule."""
    limits = schedule.booking_limits
    hours = {day: listed(windows) for day, windows in (schedule.availability or {}).items()}
    return Draft.of_values(
        {
            "name": schedule.name,
            "timezone": schedule.timezone,
            "description": schedule.description or "",
            "user_id": encode_id_or_none(USER, schedule.user_id) or "",
            "public_name": schedule.public_name or "",
            "slug": schedule.slug or "",
            "color": schedule.color or "",
            "is_active": YES if schedule.is_active else "",
            ALWAYS_OPEN: YES if schedule.availability is None else "",
            "booking_limits.max_per_day": _number(limits.max_per_day),
            "booking_limits.min_notice_hours": _number(limits.min_notice_hours),
            VERSION_FIELD: str(schedule.version),
            **_fields_of(hours),
        }
    )


def as_typed(form: FormFields) -> FormFields:
    """The form without gaps between its windows, whose times are written as they are read."""
    hours = {day: windows_in(form, f"availability.{day}") for day in WEEKDAYS}
    plain = (*PLAIN, *LIMIT_FIELDS, ALWAYS_OPEN, "is_active", *SEEN_FIELDS)
    return Draft.of_values({**sent_of(form, plain), **_fields_of(hours)}).typed


def read_new(typed: FormFields) -> NewSchedule:
    """Raises Invalid."""
    values = _values(typed)
    check(values, parse_changes)
    return parse_new(read_body(encode(values), CreateSchedule))


def read_changes(typed: FormFields) -> FieldChanges[Schedule]:
    """Raises Invalid."""
    values = _values(typed)
    check(values, parse_changes)
    return parse_changes(encode(values))


def read_own_changes(typed: FormFields) -> FieldChanges[Schedule]:
    """The hours alone. Raises Invalid, and NeedsAdmin for a form with more, of somebody who was an
    admin when it was opened: what else was typed is not passed over in silence."""
    if "name" in typed:
        raise NeedsAdmin(
            gettext(
                "You may only change the hours now. Save again to save them without the rest "
                "of what you typed."
            )
        )
    return parse_changes(encode({"availability": _hours_in(typed)}))


def windows_in(form: FormFields, prefix: str) -> list[WindowText]:
    """The rows of windows, as they are typed; those left empty are gone."""
    rows = rows_in(form, prefix, WINDOW)
    return [WindowText(clock_text(row["start"]), clock_text(row["end"])) for row in rows]


def listed(windows: WindowText | list[WindowText]) -> list[WindowText]:
    return [windows] if isinstance(windows, WindowText) else windows


def _values(typed: FormFields) -> dict[str, Any]:
    """What was sent: the hours, which staff sends alone; who or what it is; or all of it, of a new
    one, and of a page of before."""
    sent = sent_of(typed, PLAIN)
    values: dict[str, Any] = {n: text for n, text in sent.items() if text or n not in GIVEN_OUT}
    values |= {name: text_or_none(sent[name]) for name in NULL_IF_EMPTY if name in sent}
    if "name" in sent:
        values["is_active"] = typed.text("is_active") == YES
    if limits := sent_of(typed, LIMIT_FIELDS):
        numbers = {name.partition(".")[2]: number_or_text(text) for name, text in limits.items()}
        values["booking_limits"] = numbers
    is_about_it_alone = "name" in sent and not limits
    return values if is_about_it_alone else values | {"availability": _hours_in(typed)}


def _hours_in(typed: FormFields) -> dict[str, Any] | None:
    """None is open at all times."""
    return None if typed.text(ALWAYS_OPEN) == YES else _availability(typed)


def _availability(typed: FormFields) -> dict[str, Any]:
    """Closed days are left out."""
    hours = {day: windows_in(typed, f"availability.{day}") for day in WEEKDAYS}
    return {day: windows for day, windows in hours.items() if windows}


def _fields_of(hours: dict[str, list[WindowText]]) -> dict[str, str | Iterable[str]]:
    fields: dict[str, str | Iterable[str]] = {}
    for day, windows in hours.items():
        for number, window in enumerate(windows):
            fields[f"availability.{day}.{number}.start"] = window.start
            fields[f"availability.{day}.{number}.end"] = window.end
    return fields


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:g}"
