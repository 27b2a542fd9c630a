"""Slots: what can be booked, and why a time cannot."""

import asyncio
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from itertools import chain, pairwise
from typing import Final
from uuid import UUID

from msgspec import Struct, structs

from kalends.availability.calendar_index import Cut
from kalends.availability.interval import Interval
from kalends.availability.slot_inputs import SlotInputs
from kalends.availability.slots import Slot, Slots, at_any_time, explain, slots
from kalends.domain.booking import Booking, check_movable
from kalends.domain.errors import Inactive, Invalid
from kalends.domain.event_type import EventType, Requirement
from kalends.domain.ids import BOOKING, EVENT_TYPE, SCHEDULE, encode_id
from kalends.runtime.cooperative import cooperatively
from kalends.runtime.unit_of_work import UnitOfWork, require
from kalends.scheduling import clocks
from kalends.scheduling.availability import (
    AvailabilityQuery,
    LoadedAvailability,
    load_availability,
    query_of,
)
from kalends.scheduling.booking_requests import check_schedule, query_to_reschedule, requirements_of
from kalends.scheduling.explaining import Reason, reasons_of
from kalends.store.availability import event_types
from kalends.store.bookings import bookings

# A day in any zone lies within these of the same day in UTC.
ZONES_APART = timedelta(hours=15)

# What is kept of an answer, with its text: 0.4 MB at most.
ANSWERS_KEPT: Final = 128
ANSWER_STEPS_KEPT: Final = 1500
KEPT_TIMES: Final = 1500

# A year of half hours, and more.
MOST_SLOTS: Final = 20_000
# What is worked out, and then written, at one go before others get their turn, some 10 ms each:
# that many steps, and fewer where there are more than 60 calendars.
STEPS_A_PIECE: Final = 500
CALENDAR_STEPS_A_PIECE: Final = 30_000


class WhatFor(Struct, frozen=True, kw_only=True):
    """What a slot is for: an event type, or a time on a schedule; a booking that moves."""

    event_type_id: UUID | None = None
    schedule_id: UUID | None = None
    duration_minutes: int | None = None
    step_minutes: int | None = None
    booking_id: UUID | None = None


class Range(Struct, frozen=True, kw_only=True):
    """Bounds as they were given: instants, or days in a zone that may be the schedule's. A day
    as `end` is included, an instant is not."""

    start: date | datetime
    end: date | datetime
    timezone: str | None = None

    @property
    def length(self) -> timedelta:
        """How far the bounds lie apart, as they were given."""
        return _midnight(self.end) - _midnight(self.start)

    @property
    def widest(self) -> tuple[datetime, datetime]:
        """A span that holds the range whatever the zone is."""
        start, end = _midnight(self.start), _midnight(self.end)
        return start - ZONES_APART, end + timedelta(days=1) + ZONES_APART

    def within(self, zone_name: str) -> Interval:
        """The range in epoch seconds, its days read in that zone: empty for a day that does not
        exist there. Raises Invalid."""
        start = self.start if isinstance(self.start, datetime) else _day(self.start, zone_name)[0]
        end = self.end if isinstance(self.end, datetime) else _day(self.end, zone_name)[1]
        is_one_day = self.start == self.end and not isinstance(self.end, datetime)
        if end < start or (end == start and not is_one_day):
            raise Invalid.field("end", "must be after start")
        return Interval(int(start.timestamp()), int(end.timestamp()))


class Listed(Struct, frozen=True):
    """Slots, and the zone in which days were read."""

    slots: Sequence[Slot]
    zone_name: str


class Found(Struct, frozen=True):
    """The same, in the pieces in which they were found."""

    pieces: Sequence[Slots]
    zone_name: str


class Loaded(Struct, frozen=True):
    """All that slots depend on, as it was read; the range, and the zone of its days."""

    offering: SlotInputs
    span: Interval
    zone_name: str


class Explained(Struct, frozen=True):
    """Whether a start is offered, and every rule that refuses it."""

    is_offered: bool
    reasons: Sequence[Reason]


async def load_slots(work: UnitOfWork, what_for: WhatFor, span: Range) -> Loaded:
    """What the slots that start in the range depend on. Raises NotFound, Inactive, Invalid."""
    query = await _question(work, what_for)
    asked = await load_availability(work, query, span.widest)
    _check_active(query, asked)
    zone_name = span.timezone or asked.offering.zone.name
    return Loaded(asked.offering, span.within(zone_name), zone_name)


async def find_in_pieces(loaded: Loaded) -> Found:
    """The slots, ascending. Raises Invalid for more than 20,000."""
    return Found(await find_slots(loaded.offering, loaded.span), loaded.zone_name)


async def list_slots(work: UnitOfWork, what_for: WhatFor, span: Range) -> Listed:
    """The slots that start in the range, ascending. Raises NotFound, Inactive, Invalid."""
    return joined(await find_in_pieces(await load_slots(work, what_for, span)))


def joined(found: Found) -> Listed:
    """The pieces as one."""
    one = found.pieces[0] if len(found.pieces) == 1 else [*chain.from_iterable(found.pieces)]
    return Listed(one, found.zone_name)


async def explain_slot(work: UnitOfWork, what_for: WhatFor, starts_at: datetime) -> Explained:
    """Every rule that refuses the start, of the schedules that would help. Raises NotFound,
    Invalid."""
    query = await _question(work, what_for)
    asked = await load_availability(
        work, query, (starts_at, starts_at + query.duration), with_ids=True
    )
    _check_found(query, asked)
    decision = explain(asked.offering, int(starts_at.timestamp()))
    return Explained(decision.slot is not None, reasons_of(decision, asked))


async def find_slots(offering: SlotInputs, span: Interval) -> list[Slots]:
    """The slots of the range in pieces, between which others get their turn; found once while
    nothing changes in the calendars. Raises Invalid for more than 20,000.

    The key is all that they depend on, as just read from the database, so what is kept cannot be
    out of date. What depends on the second at which it is asked, or is large, is not kept.
    """
    is_kept, parts = _may_be_kept(offering, span), pieces_of(offering, span)
    cut = await _cut(offering) if _has_many_times(offering) and len(parts) > 1 else None
    pieces: list[Slots] = []
    for part in parts:
        timeless = at_any_time(offering, part) if is_kept else None
        asked = cut.to(part) if cut else offering
        pieces.append(_slots_kept(timeless, part) if timeless else slots(asked, part))
        if sum(map(len, pieces)) > MOST_SLOTS:
            raise Invalid.field(
                "end",
                f"more than {MOST_SLOTS:,} slots start in this range, which is the most that one "
                "answer holds. Ask for a shorter range",
            )
        await asyncio.sleep(0)
    return pieces


def pieces_of(offering: SlotInputs, span: Interval) -> list[Interval]:
    """The range in parts of a bounded amount of work; the slots of the parts are those of the
    range (docs/slots.md, "Ranges add up"). What is asked for every day is one part."""
    step = offering.terms.step or span.seconds or 1
    most = max(1, CALENDAR_STEPS_A_PIECE // max(1, len(offering.calendars)))
    if span.seconds <= min(ANSWER_STEPS_KEPT, most) * step:
        return [span]
    length = min(STEPS_A_PIECE, most) * step
    bounds = [*range(span.start, span.end, length), span.end]
    return [Interval(start, end) for start, end in pairwise(bounds)]


def _may_be_kept(offering: SlotInputs, span: Interval) -> bool:
    step = offering.terms.step
    is_short = bool(step) and span.seconds <= ANSWER_STEPS_KEPT * (step or 1)
    return is_short and not _has_many_times(offering)


def _has_many_times(offering: SlotInputs) -> bool:
    return sum(len(c.busy) + len(c.occupied) for c in offering.calendars) > KEPT_TIMES


async def _cut(offering: SlotInputs) -> Cut:
    cut = Cut(offering)
    async for _ in cooperatively(cut.prepare()):
        pass
    return cut


@lru_cache(ANSWERS_KEPT)
def _slots_kept(offering: SlotInputs, span: Interval) -> Slots:
    return slots(offering, span)


async def _question(work: UnitOfWork, what_for: WhatFor) -> AvailabilityQuery:
    moving = await _find_booking(work, what_for.booking_id)
    event_type = await _find_event_type(work, what_for, moving)
    try:
        query = _question_of(what_for, moving, event_type)
    except Invalid:
        await check_schedule(work, what_for.schedule_id)
        raise
    if moving is None:
        return structs.replace(query, wanted=what_for.schedule_id)
    return structs.replace(
        query,
        wanted=what_for.schedule_id,
        preferred=moving.schedule_ids,
        leaving_out=moving.id,
    )


def _question_of(
    what_for: WhatFor, moving: Booking | None, event_type: EventType | None
) -> AvailabilityQuery:
    if event_type is not None:
        if moving and what_for.schedule_id is None and not event_type.requirements:
            return query_to_reschedule(moving, event_type)
        return query_of(event_type, requirements_of(event_type, what_for.schedule_id))
    if what_for.schedule_id is None and moving is not None:
        query = query_to_reschedule(moving, None)
    elif what_for.schedule_id is None:
        raise Invalid.field("event_type_id", "is required, or schedule_id with duration_minutes")
    else:
        query = AvailabilityQuery(
            requirements=[Requirement(1, [what_for.schedule_id])],
            duration=_duration(what_for, moving),
        )
    if what_for.duration_minutes is not None:
        query = structs.replace(query, duration=_duration(what_for, moving))
    step = what_for.step_minutes or int(query.duration.total_seconds()) // 60 or 1
    return structs.replace(query, step_minutes=step)


def _duration(what_for: WhatFor, moving: Booking | None) -> timedelta:
    if what_for.duration_minutes is not None:
        return timedelta(minutes=what_for.duration_minutes)
    if moving is None:
        raise Invalid.field("duration_minutes", "is required with schedule_id")
    return moving.end_time - moving.start_time


async def _find_booking(work: UnitOfWork, booking_id: UUID | None) -> Booking | None:
    if booking_id is None:
        return None
    booking = require(
        await bookings.find_booking(work.tenant, booking_id),
        "booking",
        encode_id(BOOKING, booking_id),
    )
    check_movable(booking)
    return booking


async def _find_event_type(
    work: UnitOfWork, what_for: WhatFor, moving: Booking | None
) -> EventType | None:
    """The one that is named; else the moving booking's, unless a schedule is named."""
    if what_for.event_type_id is None:
        if moving is None or moving.event_type_id is None or what_for.schedule_id is not None:
            return None
        return await event_types.find_event_type(work.tenant, moving.event_type_id)
    event_type = require(
        await event_types.find_event_type(work.tenant, what_for.event_type_id),
        "event type",
        encode_id(EVENT_TYPE, what_for.event_type_id),
    )
    if not event_type.is_active:
        raise Inactive("This event type is not active; it offers no slots.")
    return event_type


def _check_found(query: AvailabilityQuery, asked: LoadedAvailability) -> None:
    named = query.wanted or next(iter(asked.contents), query.schedule_ids[0])
    require(asked.contents.get(named), "schedule", encode_id(SCHEDULE, named))


def _check_active(query: AvailabilityQuery, asked: LoadedAvailability) -> None:
    """Raises NotFound without a schedule, Inactive where none of them takes bookings."""
    _check_found(query, asked)
    if not asked.offering.calendars or query.wanted in {s.id for s in asked.inactive}:
        raise Inactive("This schedule is not active; it offers no slots.")


def _midnight(bound: date | datetime) -> datetime:
    if isinstance(bound, datetime):
        return bound
    return datetime(bound.year, bound.month, bound.day, tzinfo=UTC)


def _day(bound: date, zone_name: str) -> tuple[datetime, datetime]:
    return clocks.bounds_of(bound, zone_name)
