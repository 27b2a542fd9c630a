"""Which schedules could take bookings in the place of one that each takes."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from itertools import groupby
from typing import Any, Final, NamedTuple
from uuid import UUID

from msgspec import structs

from kalends.availability.replacements import replacements
from kalends.domain.booking import Booking
from kalends.domain.event_type import EventType, Requirement
from kalends.runtime.unit_of_work import UnitOfWork
from kalends.scheduling.availability import load_availability
from kalends.scheduling.availability_queries import AvailabilityQuery
from kalends.scheduling.booking_requests import query_to_reschedule
from kalends.store.availability.event_types import find_event_types_of_bookings
from kalends.store.availability.schedules import list_schedules
from kalends.store.bookings.bookings import count_seats_beside

# Of an organization without requirements everybody could; so many are looked at.
MOST_LOOKED_AT: Final = 100
NO_ID: Final = UUID(int=0)
# Bookings that are further apart are not read for together.
LONGEST_GAP: Final = timedelta(days=7)


class Leaving(NamedTuple):
    """A booking, and which of its schedules is to leave it."""

    booking: Booking
    schedule_id: UUID


class _Asked(NamedTuple):
    leaving: Leaving
    query: AvailabilityQuery


async def list_replacements(work: UnitOfWork, booking: Booking, leaving: UUID) -> list[UUID]:
    """The schedules that could take the booking at its time, within the same requirement, instead
    of `leaving`, and that the caller sees; in the order in which bookings are given out. Of a group
    session all its seats have to find room."""
    return (await list_all_replacements(work, [Leaving(booking, leaving)]))[booking.id]


async def list_all_replacements(
    work: UnitOfWork, leaving: Sequence[Leaving]
) -> dict[UUID, list[UUID]]:
    """The same for several, by booking. What one question can answer is asked once: what leaves a
    schedule within a day is one for each event type, with sessions and other schedules too."""
    asked = await _queries(work, leaving)
    seated = [one.leaving.booking.id for one in asked if one.query.has_seats]
    seats = await count_seats_beside(work.tenant, seated)
    able: dict[UUID, list[UUID]] = {}
    for together in _together(asked):
        span = _starts(together[0]), max(one.leaving.booking.end_time for one in together)
        ids = [one.leaving.booking.id for one in together]
        query = structs.replace(together[0].query, leaving_ids=ids)
        loaded = await load_availability(work, query, span)
        for (booking, leaving_id), _ in together:
            count = seats.get(booking.id, 1)
            start = int(booking.start_time.timestamp())
            found = replacements(loaded.inputs, start, booking.schedule_ids, leaving_id, count)
            able[booking.id] = [id_ for id_ in found if work.caller.sees((id_,))]
    return able


async def _queries(work: UnitOfWork, leaving: Sequence[Leaving]) -> list[_Asked]:
    ids = {one.booking.event_type_id for one in leaving} - {None}
    event_types: Mapping[UUID, EventType] = {}
    if ids:
        event_types = await find_event_types_of_bookings(work.tenant, [id_ for id_ in ids if id_])
    anybody: list[UUID] | None = None
    asked = []
    for one in leaving:
        event_type = event_types.get(one.booking.event_type_id or NO_ID)
        if (event_type is None or not event_type.requirements) and anybody is None:
            listed, _ = await list_schedules(
                work.tenant, is_active=True, limit=MOST_LOOKED_AT, offset=0
            )
            anybody = [schedule.id for schedule in listed]
        asked.append(_Asked(one, _query(one, event_type, anybody or [])))
    return asked


def _query(
    leaving: Leaving, event_type: EventType | None, anybody: Sequence[UUID]
) -> AvailabilityQuery:
    booking = leaving.booking
    if event_type is not None and event_type.requirements:
        requirements = event_type.requirements
    else:
        staying = [id_ for id_ in booking.schedule_ids if id_ != leaving.schedule_id]
        others = Requirement(1, list(anybody) or [leaving.schedule_id])
        requirements = [*(Requirement(1, [id_]) for id_ in staying), others]
    return structs.replace(
        query_to_reschedule(booking, event_type),
        requirements=requirements,
        duration=booking.end_time - booking.start_time,
        preferred_ids=(),
        keeps_time=True,
    )


def _together(asked: Sequence[_Asked]) -> Iterator[list[_Asked]]:
    """Those that ask the same, but for when, in order of time."""
    ordered = sorted(asked, key=lambda one: (repr(_shared(one)), one.leaving.booking.start_time))
    for _, group in groupby(ordered, key=_shared):
        part: list[_Asked] = []
        for one in group:
            if part and _starts(one) - _starts(part[-1]) > LONGEST_GAP:
                yield part
                part = []
            part.append(one)
        yield part


def _shared(asked: _Asked) -> Any:
    """What bookings that one question answers have in common. They leave one schedule, so none is
    in another's way at its time: what each takes beside it, it goes on taking."""
    booking, query = asked.leaving.booking, asked.query
    buffers = query.buffer_before, query.buffer_after
    leaving = booking.event_type_id, asked.leaving.schedule_id
    return *leaving, query.duration, buffers, query.requirements


def _starts(asked: _Asked) -> datetime:
    return asked.leaving.booking.start_time
