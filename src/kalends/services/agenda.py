"""The days of an organization: what lies in them, on all schedules or on one."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Final
from uuid import UUID

from msgspec import Struct

from kalends.availability.hours import open_intervals
from kalends.availability.interval import Interval
from kalends.domain.booking import Booking
from kalends.domain.event_type import EventType
from kalends.domain.schedule import BusyTime, Schedule
from kalends.runtime.unit_of_work import UnitOfWork
from kalends.scheduling.clocks import bounds_of, hours_of
from kalends.scheduling.zones import zone_of_schedule
from kalends.store.availability import event_types, schedules
from kalends.store.bookings import agenda

MOST_ON_THE_AGENDA: Final = 5_000
MOST_CHOICES: Final = 500


class Choices(Struct, frozen=True):
    """What a booking may be of: the active schedules, and every event type."""

    schedules: Sequence[Schedule]
    event_types: Sequence[EventType]

    def schedule(self, schedule_id: UUID | None) -> Schedule | None:
        return next((one for one in self.schedules if one.id == schedule_id), None)

    def event_type(self, event_type_id: UUID | None) -> EventType | None:
        return next((one for one in self.event_types if one.id == event_type_id), None)


class Agenda(Struct, frozen=True):
    """What meets the days. `opened` and `busy` are of the one schedule that is asked for: when it
    is open, in epoch seconds, and what keeps it busy."""

    bookings: Sequence[Booking]
    busy: Sequence[BusyTime]
    opened: Sequence[Interval] | None
    pending: int
    now: datetime


async def list_choices(work: UnitOfWork) -> Choices:
    active, _ = await schedules.list_schedules(
        work.tenant, is_active=True, limit=MOST_CHOICES, offset=0
    )
    offered, _ = await event_types.list_event_types(
        work.tenant, is_active=None, limit=MOST_CHOICES, offset=0
    )
    return Choices(active, offered)


async def get_agenda(
    work: UnitOfWork, days: tuple[date, date], zone_name: str, schedule: Schedule | None
) -> Agenda:
    """What meets the days, both included, as they are in that zone."""
    span = bounds_of(days[0], zone_name)[0], bounds_of(days[1], zone_name)[1]
    pending = await agenda.count_pending(work.tenant, work.now)
    schedule_id = schedule.id if schedule else None
    bookings = await agenda.list_between(work.tenant, span, schedule_id, MOST_ON_THE_AGENDA)
    if schedule is None:
        return Agenda(bookings, (), None, pending, work.now)
    busy = await agenda.list_busy_between(work.tenant, schedule.id, span, MOST_ON_THE_AGENDA)
    within = Interval(int(span[0].timestamp()), int(span[1].timestamp()))
    opened = open_intervals(hours_of(schedule), zone_of_schedule(schedule), within)
    return Agenda(bookings, busy, opened, pending, work.now)
