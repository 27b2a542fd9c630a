"""Reminders: sent when their time has come, once, and never of what is over."""

from typing import Final

from kalends.domain.access import Mode
from kalends.domain.booking import Status
from kalends.domain.errors import Unavailable
from kalends.domain.webhook import EventName
from kalends.runtime import outbox
from kalends.runtime.blocked_organizations import BlockedOrganizations
from kalends.runtime.unit_of_work import Caller, Context, UnitOfWork, change
from kalends.store.bookings import bookings, reminders
from kalends.store.bookings.reminders import DueReminder

ACTOR: Final = "kalends"
REMINDERS_AT_ONCE: Final = 200


async def send_due(context: Context) -> int:
    """Reminds of all that is due, each in a transaction of its own. Returns how many.

    An organization whose rows somebody holds is left for the next time, and holds up no other;
    raises Unavailable then, in the end.
    """
    sent = 0
    blocked = BlockedOrganizations(context)
    while True:
        async with context.database.connection() as tx:
            due = await reminders.list_due(
                tx, context.clock(), REMINDERS_AT_ONCE, blocked.organization_ids
            )
        for reminder in due:
            if reminder.organization_id in blocked:
                continue
            caller = Caller(reminder.organization_id, Mode(reminder.mode), ACTOR, source=ACTOR)
            try:
                sent += await change(context, caller, remind, reminder)
            except Unavailable as error:
                await blocked.add(reminder.organization_id, error)
        if len(due) < REMINDERS_AT_ONCE:
            blocked.raise_first()
            return sent


async def remind(work: UnitOfWork, due: DueReminder) -> bool:
    """Records that the booking is near, unless it was moved, has begun, or is not confirmed."""
    booking = await bookings.lock_booking(work.tenant, due.booking_id)
    taken = await reminders.delete_reminder(work.tenant, due, work.recorded_at)
    if not taken or booking is None or booking.status is not Status.CONFIRMED:
        return False
    if booking.start_time <= work.recorded_at:
        return False
    await outbox.record_event(work, EventName.REMINDER, booking)
    return True
