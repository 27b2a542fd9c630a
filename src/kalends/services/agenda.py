"""The console's calendar: bookings, busy times and open hours of some days, on some or all
schedules."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Final
from uuid import UUID

from msgspec import Struct

from kalends.availability.hours import open_intervals
from kalends.availability.interval import Interval
from kalends.domain.agenda import AgendaBooking, AgendaScope
from kalends.domain.errors import BrokenZone
from kalends.domain.event_type import EventType
from kalends.domain.schedule import BusyTime, Schedule
from kalends.runtime.unit_of_work import UnitOfWork
from kalends.scheduling.local_time import bounds_of_day
from kalends.scheduling.schedule_hours import hours_of
from kalends.scheduling.zones import zone_of_schedule
from kalends.store.availability import event_types, schedules
from kalends.store.availability.busy_times import list_busy_elsewhere
from kalends.store.bookings import agenda

MOST_ON_THE_AGENDA: Final = 5_000
MOST_CHOICES: Final = 500


class Choices(Struct, frozen=True):
    """What a new booking can be for: the active schedules, and all event types."""

    schedules: Sequence[Schedule]
    event_types: Sequence[EventType]

    def schedule(self, schedule_id: UUID | None) -> Schedule | None:
        return next((s for s in self.schedules if s.id == schedule_id), None)

    def event_type(self, event_type_id: UUID | None) -> EventType | None:
        return next((e for e in self.event_types if e.id == event_type_id), None)


class Agenda(Struct, frozen=True):
    """What lies in the days. `busy` has the busy times of the requested schedules, `opened` their
    open hours in epoch seconds; `pending` is the number of bookings that wait to be confirmed."""

    bookings: Sequence[AgendaBooking]
    busy: Sequence[BusyTime]
    opened: Mapping[UUID, Sequence[Interval]]
    pending: int
    now: datetime


async def list_choices(work: UnitOfWork) -> Choices:
    """The choices for a new booking, among the schedules that the caller sees and the event types
    that can be booked on them."""
    only = work.caller.only_schedules
    active, _ = await schedules.list_schedules(
        work.tenant, is_active=True, limit=MOST_CHOICES, offset=0, only=only
    )
    offered, _ = await event_types.list_event_types(
        work.tenant, is_active=None, limit=MOST_CHOICES, offset=0
    )
    if only is not None:
        offered = [e for e in offered if not e.requirements or work.caller.sees(e.schedule_ids)]
    return Choices(active, offered)


async def get_agenda(
    work: UnitOfWork,
    days: tuple[date, date],
    zone_name: str,
    scope: AgendaScope,
    schedules: Sequence[Schedule],
) -> Agenda:
    """The bookings of the days (both included, in that zone) that the caller sees, and the open
    hours and busy times of `schedules`, which the caller has to see. Raises BrokenZone for a single
    schedule with a broken zone; among several, such a one has no hours."""
    span = bounds_of_day(days[0], zone_name)[0], bounds_of_day(days[1], zone_name)[1]
    only = work.caller.only_schedules
    pending = await agenda.count_pending(work.tenant, work.now, only)
    seen = scope.within(only)
    bookings = await agenda.list_between(work.tenant, span, seen, MOST_ON_THE_AGENDA)
    if not schedules:
        return Agenda(bookings, (), {}, pending, work.now)
    ids = [schedule.id for schedule in schedules]
    busy = await agenda.list_busy_between(work.tenant, ids, span, MOST_ON_THE_AGENDA)
    busy += await list_busy_elsewhere(work.tenant, ids, span, MOST_ON_THE_AGENDA)
    within = Interval(int(span[0].timestamp()), int(span[1].timestamp()))
    return Agenda(bookings, busy, _opened(schedules, within), pending, work.now)


def _opened(schedules: Sequence[Schedule], within: Interval) -> dict[UUID, Sequence[Interval]]:
    opened: dict[UUID, Sequence[Interval]] = {}
    for schedule in schedules:
        try:
            zone = zone_of_schedule(schedule)
        except BrokenZone:
            if len(schedules) == 1:
                raise
            continue  # the other schedules are shown nevertheless
        opened[schedule.id] = open_intervals(hours_of(schedule), zone, within)
    return opened
