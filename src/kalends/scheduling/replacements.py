"""Finds the schedules that could take a booking in place of one that it takes now."""

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

# Without requirements every schedule of the organization is a candidate: at most so many are tried.
MOST_LOOKED_AT: Final = 100
NO_ID: Final = UUID(int=0)
# Bookings with a longer gap between their starts do not share a query.
LONGEST_GAP: Final = timedelta(days=7)


class Leaving(NamedTuple):
    """A booking, and which of its schedules is to leave it."""

    booking: Booking
    schedule_id: UUID


class _LeavingQuery(NamedTuple):
    leaving: Leaving
    query: AvailabilityQuery


async def list_replacements(work: UnitOfWork, booking: Booking, leaving: UUID) -> list[UUID]:
    """The schedules that the caller sees and that could take the booking instead of `leaving`: at
    its time, within the same requirement. They come in the order in which the engine would assign
    them. In a group session there has to be room for all its seats."""
    return (await list_all_replacements(work, [Leaving(booking, leaving)]))[booking.id]


async def list_all_replacements(
    work: UnitOfWork, leaving: Sequence[Leaving]
) -> dict[UUID, list[UUID]]:
    """The same for several bookings, by booking id. Bookings for which one query can answer share
    it: those that leave one schedule within a day usually need one for each event type."""
    queries = await _queries(work, leaving)
    seated = [one.leaving.booking.id for one in queries if one.query.has_seats]
    seats = await count_seats_beside(work.tenant, seated)
    by_booking: dict[UUID, list[UUID]] = {}
    for batch in _batches(queries):
        span = _starts(batch[0]), max(one.leaving.booking.end_time for one in batch)
        ids = [one.leaving.booking.id for one in batch]
        query = structs.replace(batch[0].query, leaving_ids=ids)
        loaded = await load_availability(work, query, span)
        for (booking, leaving_id), _ in batch:
            count = seats.get(booking.id, 1)
            start = int(booking.start_time.timestamp())
            found = replacements(loaded.inputs, start, booking.schedule_ids, leaving_id, count)
            by_booking[booking.id] = [id_ for id_ in found if work.caller.sees((id_,))]
    return by_booking


async def _queries(work: UnitOfWork, leaving: Sequence[Leaving]) -> list[_LeavingQuery]:
    """A query for each booking. Where there are no requirements, all active schedules are
    candidates."""
    ids = {one.booking.event_type_id for one in leaving} - {None}
    event_types: Mapping[UUID, EventType] = {}
    if ids:
        event_types = await find_event_types_of_bookings(work.tenant, [id_ for id_ in ids if id_])
    all_active: list[UUID] | None = None
    queries = []
    for one in leaving:
        event_type = event_types.get(one.booking.event_type_id or NO_ID)
        if (event_type is None or not event_type.requirements) and all_active is None:
            listed, _ = await list_schedules(
                work.tenant, is_active=True, limit=MOST_LOOKED_AT, offset=0
            )
            all_active = [schedule.id for schedule in listed]
        queries.append(_LeavingQuery(one, _query(one, event_type, all_active or [])))
    return queries


def _query(
    leaving: Leaving, event_type: EventType | None, all_active: Sequence[UUID]
) -> AvailabilityQuery:
    """The query that asks who could take the booking at its own time, without preferring
    anybody."""
    booking = leaving.booking
    if event_type is not None and event_type.requirements:
        requirements = event_type.requirements
    else:
        staying = [id_ for id_ in booking.schedule_ids if id_ != leaving.schedule_id]
        others = Requirement(1, list(all_active) or [leaving.schedule_id])
        requirements = [*(Requirement(1, [id_]) for id_ in staying), others]
    return structs.replace(
        query_to_reschedule(booking, event_type),
        requirements=requirements,
        duration=booking.end_time - booking.start_time,
        preferred_ids=(),
        keeps_time=True,
    )


def _batches(queries: Sequence[_LeavingQuery]) -> Iterator[list[_LeavingQuery]]:
    """The queries in batches that differ only in their time, each in order of time."""
    ordered = sorted(
        queries, key=lambda query: (repr(_batch_key(query)), query.leaving.booking.start_time)
    )
    for _, group in groupby(ordered, key=_batch_key):
        part: list[_LeavingQuery] = []
        for query in group:
            if part and _starts(query) - _starts(part[-1]) > LONGEST_GAP:
                yield part
                part = []
            part.append(query)
        yield part


def _batch_key(leaving_query: _LeavingQuery) -> Any:
    """What the queries of a batch have in common. All its bookings leave the same schedule, so no
    two overlap: ignoring all of them at once frees no time that another one still needs."""
    booking, query = leaving_query.leaving.booking, leaving_query.query
    buffers = query.buffer_before, query.buffer_after
    leaving = booking.event_type_id, leaving_query.leaving.schedule_id
    return *leaving, query.duration, buffers, query.requirements


def _starts(one: _LeavingQuery) -> datetime:
    return one.leaving.booking.start_time
