"""Sends reminders when they are due, once each, and never about a booking that has begun."""

from typing import Final

from kalends.domain.booking import Status
from kalends.domain.webhook import EventName
from kalends.runtime import outbox
from kalends.runtime.due_work import change_each_due
from kalends.runtime.unit_of_work import Context, UnitOfWork
from kalends.store.bookings import bookings, reminders
from kalends.store.bookings.reminders import DueReminder

ACTOR: Final = "kalends"
REMINDERS_AT_ONCE: Final = 200


async def send_due(context: Context) -> int:
    """Sends all reminders that are due. Returns how many. Raises Unavailable, as `change_each_due`
    does."""
    return await change_each_due(context, ACTOR, REMINDERS_AT_ONCE, reminders.list_due, remind)


async def remind(work: UnitOfWork, due: DueReminder) -> bool:
    """Deletes the reminder and records its event, unless the booking was moved, has begun, or is
    not CONFIRMED. Returns whether it did."""
    booking = await bookings.lock_booking(work.tenant, due.booking_id)
    taken = await reminders.delete_reminder(work.tenant, due, work.recorded_at)
    if not taken or booking is None or booking.status is not Status.CONFIRMED:
        return False
    if booking.start_time <= work.recorded_at:
        return False
    await outbox.record_event(work, EventName.REMINDER, booking)
    return True
