"""Queues the rewriting of calendars elsewhere after a schedule writes another calendar than before.

A change of a booking is written by the outbox instead.
"""

from typing import Final
from uuid import UUID

from kalends.runtime.unit_of_work import UnitOfWork
from kalends.store.calendars import links
from kalends.store.notifier import CALENDARS_CHANNEL
from kalends.store.outbox.calendar_lanes import want_events

BOOKINGS_AT_ONCE: Final = 500
FIRST: Final = UUID(int=0)


async def rewrite_events_of(work: UnitOfWork, schedule_id: UUID) -> None:
    """Has all bookings to come on the schedule written into the calendar that it writes now, and
    removed from others. The caller has changed that setting and holds the schedule's lock."""
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
