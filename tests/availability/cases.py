"""Reads the case tables, and builds slot inputs for tests."""

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, Final
from uuid import UUID

from kalends.availability.hours import Hours, Window, Windows
from kalends.availability.matching import SlotRequirement
from kalends.availability.slot_inputs import Calendar, SlotInputs, SlotTerms
from kalends.availability.slots import Slot

WEEKDAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
CASES: Final = Path(__file__).parent.parent / "data" / "slots"
OCCUPYING: Final = ("pending", "confirmed", "completed")


def load(name: str) -> list[dict[str, Any]]:
    cases: list[dict[str, Any]] = json.loads((CASES / name).read_text())["cases"]
    return cases


def at(text: str) -> int:
    """The instant of `2026-06-01T12:00Z`, or with seconds."""
    return int(datetime.fromisoformat(text).astimezone(UTC).timestamp())


def utc_text(instant: int) -> str:
    return datetime.fromtimestamp(instant, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def windows(*pairs: Sequence[str]) -> Windows:
    return tuple(Window(_minutes(opens), _minutes(closes)) for opens, closes in pairs)


def hours(
    weekly: Mapping[str, Sequence[Sequence[str]]],
    overrides: Mapping[str, Sequence[Sequence[str]]] | None = None,
) -> Hours:
    """Hours as the case files write them: `{"mon": [["09:00", "17:00"]]}`."""
    return Hours(
        tuple(windows(*weekly.get(day, ())) for day in WEEKDAYS),
        {date.fromisoformat(day): windows(*given) for day, given in (overrides or {}).items()},
    )


def every_day(opens: str, closes: str) -> Hours:
    return Hours((windows((opens, closes)),) * 7)


def schedule_id(number: int) -> UUID:
    """Ids that sort as their numbers."""
    return UUID(int=number)


def slot_inputs(
    calendars: Sequence[Calendar],
    terms: SlotTerms,
    *,
    now: int,
    requirements: Sequence[SlotRequirement] = (),
    **others: Any,
) -> SlotInputs:
    """One of the calendars is needed, if nothing else is required; days are those of the first."""
    everybody = tuple(calendar.schedule_id for calendar in calendars)
    return SlotInputs(
        terms=terms,
        calendars=calendars,
        requirements=requirements or (SlotRequirement(1, everybody),),
        zone=calendars[0].zone,
        now=now,
        **others,
    )


def starts(slots: Iterable[Slot]) -> list[str]:
    return [utc_text(slot.start) for slot in slots]


def _minutes(text: str) -> int:
    return int(text[:2]) * 60 + int(text[3:])
