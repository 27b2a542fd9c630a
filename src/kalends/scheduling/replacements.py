"""Which schedules could take a booking in the place of one that it takes."""

from typing import Final
from uuid import UUID

from msgspec import structs

from kalends.availability.replacements import replacements
from kalends.domain.booking import Booking
from kalends.domain.event_type import EventType, Requirement
from kalends.runtime.unit_of_work import UnitOfWork
from kalends.scheduling.availability import load_availability
from kalends.scheduling.booking_requests import query_to_reschedule
from kalends.store.availability.event_types import find_event_type
from kalends.store.availability.schedules import list_schedules
from kalends.store.bookings.bookings import count_seats_beside

# Of an organization without requirements everybody could; so many are looked at.
MOST_LOOKED_AT: Final = 100


async def list_replacements(work: UnitOfWork, booking: Booking, leaving: UUID) -> list[UUID]:
    """The schedules that could take the booking at its time, within the same requirement, instead
    of `leaving`, and that the caller sees; in the order in which bookings are given out. Of a group
    session all its seats have to find room."""
    event_type = None
    if booking.event_type_id is not None:
        event_type = await find_event_type(work.tenant, booking.event_type_id)
    query = structs.replace(
        query_to_reschedule(booking, event_type),
        requirements=await _requirements(work, booking, event_type, leaving),
        duration=booking.end_time - booking.start_time,
        preferred_ids=(),
        keeps_time=True,
    )
    loaded = await load_availability(work, query, (booking.start_time, booking.end_time))
    seats = 1
    if query.has_seats:
        seats = await count_seats_beside(work.tenant, booking)
    start = int(booking.start_time.timestamp())
    able = replacements(loaded.inputs, start, booking.schedule_ids, leaving, seats)
    return [id_ for id_ in able if work.caller.sees((id_,))]


async def _requirements(
    work: UnitOfWork, booking: Booking, event_type: EventType | None, leaving: UUID
) -> list[Requirement]:
    if event_type is not None and event_type.requirements:
        return event_type.requirements
    listed, _ = await list_schedules(work.tenant, is_active=True, limit=MOST_LOOKED_AT, offset=0)
    anybody = Requirement(1, [schedule.id for schedule in listed] or [leaving])
    return [*(Requirement(1, [id_]) for id_ in booking.schedule_ids if id_ != leaving), anybody]
