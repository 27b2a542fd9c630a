"""Having calendars elsewhere brought to what they are to show, where it is not a booking that has
changed but what is written where."""

from typing import Final
from uuid import UUID

from kalends.runtime.unit_of_work import UnitOfWork
from kalends.store.calendars import links
from kalends.store.notifier import CALENDARS_CHANNEL
from kalends.store.outbox.calendar_lanes import want_events

BOOKINGS_AT_ONCE: Final = 500
FIRST: Final = UUID(int=0)


async def rewrite_events_of(work: UnitOfWork, schedule_id: UUID) -> None:
    """All that is to come on the schedule is written into the calendar that it writes now, and goes
    from others. The caller has changed that, and holds the schedule's lock."""
    after = FIRST
    while True:
        page = await links.list_live_bookings(
            work.tenant, schedule_id, after, work.recorded_at, BOOKINGS_AT_ONCE
        )
        if page and await want_events(work.tenant, page, work.recorded_at):
            work.notifications.add(CALENDARS_CHANNEL)
        if len(page) < BOOKINGS_AT_ONCE:
            return
        after = page[-1]
