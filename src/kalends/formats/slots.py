"""The public JSON of slots, of the reasons why a time is not offered, and of holds."""

from collections.abc import Iterable
from datetime import UTC, datetime
from functools import lru_cache
from operator import add
from typing import Annotated, Any, Final
from uuid import UUID

from msgspec import UNSET, Meta, Struct, UnsetType

from kalends.availability.slots import Slots
from kalends.availability.wallclock import Zone
from kalends.domain import ids
from kalends.domain.hold import Hold
from kalends.formats.described import about

# Enough for the half hours of almost half a year; these take 2.5 MB.
MOST_TEXTS: Final = 1 << 13
# How many texts of whole answers are kept, and of how many slots at most: an answer has up to
# 0.4 MB, so it may have fewer slots if each has several schedules.
ANSWERS_KEPT: Final = 128
KEPT_SLOTS: Final = 1500


class SlotBody(Struct, frozen=True):
    """A time that can be booked at this moment."""

    start_time: datetime
    end_time: datetime
    schedule_ids: Annotated[list[str], about("The schedules that a booking would take.")]
    seats_left: int
    local_start: (
        Annotated[
            str,
            about(
                "The start on the wall clock of `timezone`, if that was given.",
                "2026-12-01T11:00:00+01:00",
                extra_json_schema={"format": "date-time"},
            ),
        ]
        | UnsetType
    ) = UNSET


class ObstacleBody(Struct, frozen=True):
    """What is in the way of a time. A field that does not apply is null, such as `end_time` of what
    has no end."""

    start_time: datetime | None
    end_time: datetime | None
    booking_id: str | None
    busy_time_id: str | None
    calendar_id: str | None
    calendar_name: Annotated[str | None, about("The name of the calendar.")]


class ReasonBody(Struct, frozen=True):
    """A rule that refuses the time."""

    code: Annotated[str, Meta(examples=["OUTSIDE_AVAILABILITY"])]
    message: str
    schedule_id: str | None
    in_the_way: list[ObstacleBody]


class ExplanationBody(Struct, frozen=True):
    """Whether a time is offered, and every rule that refuses it."""

    offered: bool
    reasons: list[ReasonBody]


class HoldBody(Struct, frozen=True):
    """Time that is kept until `expires_at`."""

    id: Annotated[str, Meta(examples=["hld_0352lF5NnllfIJ66lPpfc3"])]
    schedule_id: str
    schedule_ids: list[str]
    event_type_id: str | None
    start_time: datetime
    end_time: datetime
    expires_at: datetime
    created_at: datetime


def encode_slots(slots: Slots, zone: Zone | None = None) -> bytes:
    """The slots as a JSON list of `SlotBody`, with `local_start` if a zone is given.

    It is written by hand: a year has thousands of slots, and making and encoding objects for them
    takes longer than finding them. The cache has texts of single values, and of whole `Slots`
    objects, which do not change.
    """
    return _encoded(slots, zone) if _may_be_kept(slots) else write_slots(slots, zone)


def _may_be_kept(slots: Slots) -> bool:
    taken = len(slots.schedule_ids[0]) if slots.schedule_ids else 1
    return len(slots) * (1 + taken) <= 2 * KEPT_SLOTS


def write_slots(slots: Slots, zone: Zone | None = None) -> bytes:
    """Like `encode_slots`, without caching the text, for callers that keep it themselves."""
    heads = [_times_text(start, slots.duration) for start in slots.starts]
    if zone is not None:
        heads = [head + _local_text(zone, at) for head, at in zip(heads, slots.starts, strict=True)]
    tails = map(_taken_text, slots.schedule_ids, slots.seats_left)
    return f"[{','.join(map(add, heads, tails))}]".encode()


_encoded: Final = lru_cache(ANSWERS_KEPT)(write_slots)


@lru_cache(MOST_TEXTS)
def _times_text(start: int, duration: int) -> str:
    return f'{{"start_time":"{_instant_text(start)}","end_time":"{_instant_text(start + duration)}"'


@lru_cache(MOST_TEXTS)
def _local_text(zone: Zone, start: int) -> str:
    return f',"local_start":"{zone.local_text(start)}"'


@lru_cache(MOST_TEXTS)
def _taken_text(schedule_ids: tuple[UUID, ...], seats_left: int) -> str:
    quoted = ",".join(f'"{id_}"' for id_ in show_schedule_ids(schedule_ids))
    return f',"schedule_ids":[{quoted}],"seats_left":{seats_left}}}'


def _instant_text(instant: int) -> str:
    return f"{datetime.fromtimestamp(instant, UTC):%Y-%m-%dT%H:%M:%SZ}"


def show_schedule_ids(uuids: Iterable[UUID]) -> list[str]:
    return [ids.encode_id(ids.SCHEDULE, uuid) for uuid in uuids]


def show_hold(hold: Hold) -> dict[str, Any]:
    """The fields of `HoldBody`, ready to encode."""
    return {
        "id": ids.encode_id(ids.HOLD, hold.id),
        "schedule_id": ids.encode_id(ids.SCHEDULE, hold.schedule_id),
        "schedule_ids": show_schedule_ids(hold.schedule_ids),
        "event_type_id": ids.encode_id_or_none(ids.EVENT_TYPE, hold.event_type_id),
        "start_time": hold.start_time,
        "end_time": hold.end_time,
        "expires_at": hold.expires_at,
        "created_at": hold.created_at,
    }
