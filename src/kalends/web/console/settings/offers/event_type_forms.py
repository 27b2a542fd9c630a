"""The form of an event type, or a section of it: turned into the API's JSON, and filled in from an
event type."""

import re
import unicodedata
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final, NamedTuple

from kalends.domain import ids
from kalends.domain.changes import FieldChanges
from kalends.domain.event_type import (
    EventType,
    FieldUse,
    HostChoice,
    Question,
    Requirement,
    Visibility,
)
from kalends.formats.encoding import encode
from kalends.services.event_types import NewEventType
from kalends.web.api.event_types import CreateEventType, parse_changes, parse_new
from kalends.web.console.settings.forms.drafts import Draft, check
from kalends.web.console.settings.forms.seen import SEEN_FIELDS, VERSION_FIELD
from kalends.web.console.settings.forms.typed import (
    YES,
    minutes_or_text,
    number_or_text,
    rows_in,
    sent_of,
    span_text,
    text_or_none,
)
from kalends.web.console.settings.offers.event_type_sections import section_of
from kalends.web.http.reading import read_body
from kalends.web.pages.forms import FormFields

TEXTS: Final = (
    "name",
    "slug",
    "description",
    "location",
    "location_type",
    "host_choice",
    "visibility",
    "redirect_url",
    "video",
)
# Fields in minutes, each with the value that it has if it is left empty.
MINUTES: Final[Mapping[str, int | None]] = {
    "duration_minutes": None,
    "slot_step_minutes": None,
    "buffer_before_minutes": 0,
    "buffer_after_minutes": 0,
    "min_notice_minutes": None,
    "cancellation_notice_minutes": None,
    "complete_after_minutes": None,
}
NUMBERS: Final = ("max_days_ahead", "booking_limits.max_per_day", "capacity")
CHECKED: Final = ("requires_confirmation", "expire_pending", "is_active")
# The form's fields that say whether the booking form has phone and notes, and requires them.
ATTENDEE_FIELDS: Final = {f"attendee_fields.{name}": name for name in ("phone", "notes")}
REMINDERS: Final = "reminders_minutes_before"
# Fields that browsers send even if they are empty.
SENT: Final = (*TEXTS, *ATTENDEE_FIELDS, *MINUTES, *NUMBERS, REMINDERS)
# Fields of which browsers send nothing if nothing is ticked, or no row is left.
SENT_IF_FILLED: Final = frozenset({*CHECKED, "requirements", "questions"})
# The fields of the API that the form of a new event type asks for.
NEW: Final = frozenset({"name", "duration_minutes", "requirements"})
QUESTION: Final = ("key", "label", "type", "required", "options")
# Fields that a row has even if nobody has filled it in.
UNTOUCHED: Final = frozenset({"type", "count", "row"})
LONGEST_QUESTION_KEY: Final = 40


def new_draft(schedule_ids: Iterable[str]) -> Draft:
    """The form of a new event type: half an hour, on the first schedule."""
    first = list(schedule_ids)[:1]
    return Draft.of_values({"duration_minutes": "30", "requirements.0.schedule_ids": first})


def draft_of(event_type: EventType) -> Draft:
    """The form filled in from the event type."""
    e = event_type
    return Draft.of_values(
        {
            **{name: getattr(e, name) or "" for name in TEXTS},
            **{name: span_text(getattr(e, name)) for name in MINUTES},
            **{name: YES if getattr(e, name) else "" for name in CHECKED},
            **{field: getattr(e.attendee_fields, one) for field, one in ATTENDEE_FIELDS.items()},
            "max_days_ahead": _number(e.max_days_ahead),
            "booking_limits.max_per_day": _number(e.max_per_day),
            "capacity": str(e.capacity),
            REMINDERS: ", ".join(span_text(minutes) for minutes in e.reminders_minutes_before),
            VERSION_FIELD: str(e.version),
            **_fields_of_requirements(e.requirements),
            **_fields_of_questions(e.questions),
        }
    )


def as_typed(form: FormFields) -> FormFields:
    """The form without gaps between its rows; a question without a key gets one from its label."""
    fields: dict[str, str | Iterable[str]] = {**sent_of(form, (*SENT, *CHECKED, *SEEN_FIELDS))}
    for number, group in enumerate(_groups_in(form)):
        fields[f"requirements.{number}.count"] = group.needed
        fields[f"requirements.{number}.schedule_ids"] = group.schedule_ids
        for schedule_id, weight in group.weights.items():
            fields[f"requirements.{number}.weights.{schedule_id}"] = weight
    keys: set[str] = set()
    for number, row in enumerate(_questions_in(form)):
        row["key"] = row["key"] or _key_of(row["label"], keys)
        keys.add(row["key"])
        fields |= {f"questions.{number}.{part}": value for part, value in row.items()}
    return Draft.of_values(fields).typed


def read_new(typed: FormFields) -> NewEventType:
    """The new event type, whose bookings are confirmed at once. The form asks for name, length and
    schedules; a page of the previous release has all fields. Raises Invalid, NotFound."""
    is_whole = "slug" in typed
    new = {name: value for name, value in _values(typed).items() if name in NEW}
    values = _sent_values(typed) if is_whole else new
    check(values, parse_changes)
    body = values | {"requires_confirmation": False}
    return parse_new(read_body(encode(body), CreateEventType))


def read_changes(typed: FormFields) -> FieldChanges[EventType]:
    """The changes in the form: those of its section, or of all in a page of the previous release.
    Raises Invalid, NotFound."""
    values = _sent_values(typed)
    check(values, parse_changes)
    return parse_changes(encode(values))


def count_rows(typed: FormFields) -> dict[str, int]:
    """How many rows are filled in: groups of schedules, and questions."""
    return {"requirements": len(_groups_in(typed)), "questions": len(_questions_in(typed))}


def chosen_in(typed: FormFields) -> list[str]:
    """The schedules that the form's groups name."""
    return [schedule_id for group in _groups_in(typed) for schedule_id in group.schedule_ids]


def _values(typed: FormFields) -> dict[str, Any]:
    minutes = {
        name: _or(minutes_or_text(typed.text(name)), other) for name, other in MINUTES.items()
    }
    return {
        **{name: text_or_none(typed.text(name)) for name in TEXTS},
        **minutes,
        **{name: typed.text(name) == YES for name in CHECKED},
        "name": typed.text("name"),
        "host_choice": typed.text("host_choice") or HostChoice.NONE,
        "visibility": typed.text("visibility") or Visibility.PUBLIC,
        "attendee_fields": {
            one: typed.text(field) or FieldUse.OPTIONAL for field, one in ATTENDEE_FIELDS.items()
        },
        "duration_minutes": _or(minutes["duration_minutes"], ""),
        "max_days_ahead": number_or_text(typed.text("max_days_ahead")),
        "booking_limits": {"max_per_day": number_or_text(typed.text("booking_limits.max_per_day"))},
        "capacity": _or(number_or_text(typed.text("capacity")), 1),
        REMINDERS: [minutes_or_text(part) for part in _parts(typed.text(REMINDERS), ",")],
        "requirements": [
            {
                "count": _or(number_or_text(group.needed), 1),
                "schedule_ids": group.schedule_ids,
                "weights": {id_: number_or_text(text) for id_, text in group.weights.items()},
            }
            for group in _groups_in(typed)
        ],
        "questions": [_question(row) for row in _questions_in(typed)],
    }


def _sent_values(typed: FormFields) -> dict[str, Any]:
    """The values of the fields that were sent. A slug that is left empty does not change or, for a
    new event type, is generated."""
    sent = {name.partition(".")[0] for name in SENT if name in typed}
    sections = {section_of(name) for name in sent}
    sent |= {name for name in SENT_IF_FILLED if section_of(name) in sections}
    values = {name: value for name, value in _values(typed).items() if name in sent}
    return {name: v for name, v in values.items() if name != "slug" or v is not None}


def _question(row: dict[str, str]) -> dict[str, Any]:
    options = _parts(row["options"], "\n")
    return {
        "key": row["key"],
        "label": row["label"],
        "type": row["type"] or "text",
        "required": row["required"] == YES,
        "options": options or None,
    }


class _Group(NamedTuple):
    """A group of schedules as it was typed, with the non-empty weights of its schedules."""

    needed: str
    schedule_ids: list[str]
    weights: dict[str, str]


def _groups_in(form: FormFields) -> list[_Group]:
    """The groups in the form; one without a schedule is left out."""
    pattern = re.compile(r"requirements\.(\d{1,4})\.schedule_ids")
    numbers = sorted({int(match[1]) for name in form if (match := pattern.fullmatch(name))})
    groups = []
    for name in (f"requirements.{number}" for number in numbers):
        schedule_ids = form.all_of(f"{name}.schedule_ids")
        weights = {id_: form.text(f"{name}.weights.{id_}").strip() for id_ in schedule_ids}
        filled = {id_: text for id_, text in weights.items() if text}
        groups.append(_Group(form.text(f"{name}.count"), schedule_ids, filled))
    return groups


def _questions_in(form: FormFields) -> list[dict[str, str]]:
    rows = rows_in(form, "questions", QUESTION)
    return [row for row in rows if any(v for part, v in row.items() if part not in UNTOUCHED)]


def _key_of(label: str, taken: set[str]) -> str:
    """A key made from the label: letters, digits and `_`, and different from those in `taken`."""
    plain = unicodedata.normalize("NFKD", label).encode("ascii", "ignore").decode().lower()
    base = (
        re.sub(r"[^a-z0-9]+", "_", plain).strip("_")[:LONGEST_QUESTION_KEY].rstrip("_")
        or "question"
    )
    key, number = base, 1
    while key in taken:
        number += 1
        key = f"{base}_{number}"
    return key


def _fields_of_requirements(requirements: list[Requirement]) -> dict[str, str | Iterable[str]]:
    fields: dict[str, str | Iterable[str]] = {}
    for number, requirement in enumerate(requirements):
        schedule_ids = [ids.encode_id(ids.SCHEDULE, id_) for id_ in requirement.schedule_ids]
        fields[f"requirements.{number}.count"] = str(requirement.count)
        fields[f"requirements.{number}.schedule_ids"] = schedule_ids
        for id_, weight in requirement.weights.items():
            name = f"requirements.{number}.weights.{ids.encode_id(ids.SCHEDULE, id_)}"
            fields[name] = str(weight)
    return fields


def _fields_of_questions(questions: list[Question]) -> dict[str, str]:
    fields: dict[str, str] = {}
    texts: dict[str, Callable[[Question], str]] = {
        "key": lambda q: q.key,
        "label": lambda q: q.label,
        "type": lambda q: q.type.value,
        "required": lambda q: YES if q.required else "",
        "options": lambda q: "\n".join(q.options or []),
    }
    for number, question in enumerate(questions):
        fields |= {f"questions.{number}.{part}": show(question) for part, show in texts.items()}
    return fields


def _parts(text: str, separator: str) -> list[str]:
    return [part.strip() for part in text.split(separator) if part.strip()]


def _or(value: Any, other: Any) -> Any:
    return other if value is None else value


def _number(value: int | None) -> str:
    return "" if value is None else str(value)
