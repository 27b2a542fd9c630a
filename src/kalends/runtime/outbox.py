"""Records what follows from a change of a booking: the event, its mails and its reminders.

`CONSEQUENCES` says what each type of event sets off.
"""

from datetime import datetime
from enum import Enum, auto
from typing import Final
from uuid import UUID

from msgspec import Struct

from kalends.domain.actor import ATTENDEE, Actor, actor_of
from kalends.domain.booking import Booking, Status
from kalends.domain.event_type import EventType
from kalends.domain.ids import new_id
from kalends.domain.mail import MailKind, is_same_mailbox
from kalends.domain.webhook import EventName
from kalends.formats.bookings import booking_json
from kalends.formats.changes import previous_attributes
from kalends.runtime.mails.rules import MAILED_ELSEWHERE, choose_mails
from kalends.runtime.unit_of_work import UnitOfWork
from kalends.store.bookings.links import delete_links
from kalends.store.bookings.reminders import (
    drop_reminders,
    find_reminder_minutes,
    plan_reminders,
)
from kalends.store.outbox.events import Event, NewMail, ToldBooking

OF_STATUS: Final = {
    Status.CONFIRMED: EventName.CONFIRMED,
    Status.CANCELLED: EventName.CANCELLED,
    Status.COMPLETED: EventName.COMPLETED,
    Status.NO_SHOW: EventName.NO_SHOW,
}


class Reminders(Enum):
    """What happens to a booking's reminders."""

    KEEP = auto()
    PLAN = auto()
    DROP = auto()


class Consequences(Struct, frozen=True):
    """What follows from an event beside its row, the log and its webhooks: mail of a kind, to those
    for whom it is news; what happens to reminders; and whether calendars elsewhere show it
    (`is_shown_elsewhere`)."""

    mail: MailKind | None = None
    reminders: Reminders = Reminders.KEEP
    is_shown_elsewhere: bool = True


CONSEQUENCES: Final[dict[str, Consequences]] = {
    EventName.CREATED: Consequences(MailKind.REQUESTED, Reminders.PLAN),
    EventName.CONFIRMED: Consequences(MailKind.CONFIRMED),
    EventName.RESCHEDULED: Consequences(MailKind.RESCHEDULED, Reminders.PLAN),
    EventName.REASSIGNED: Consequences(MailKind.UPDATED),
    EventName.CANCELLED: Consequences(MailKind.CANCELLED, Reminders.DROP),
    EventName.COMPLETED: Consequences(reminders=Reminders.DROP, is_shown_elsewhere=False),
    EventName.NO_SHOW: Consequences(reminders=Reminders.DROP, is_shown_elsewhere=False),
    EventName.UPDATED: Consequences(MailKind.UPDATED),
    EventName.REMINDER: Consequences(MailKind.REMINDER, is_shown_elsewhere=False),
}


async def record_event(
    work: UnitOfWork,
    kind: EventName,
    booking: Booking,
    *,
    before: Booking | None = None,
    event_type: EventType | None = None,
    override: bool = False,
    notify: bool = True,
) -> None:
    """Records the event and what follows from it, in the transaction of the unit of work.

    `before` is the booking before the change; None for a new one. If the attendee's address has
    changed, earlier booking links stop working. Without `notify` no mail follows. `event_type` is
    the booking's, if the caller has loaded it: that saves the query for its reminders.
    """
    follows = CONSEQUENCES[kind]
    data = booking_json(booking)
    event = Event(
        id=new_id(),
        type=kind,
        booking_id=booking.id,
        data=data,
        previous=previous_attributes(before or booking, booking),
        actor_name=actor_behind(work, booking).name,
        sequence=booking.version - 1,
        override=override,
    )
    mails = []
    if notify and follows.mail is not None:
        mails = await choose_mails(work, follows.mail, booking, data, before)
        mails = [mail for mail in mails if not _is_joined(work, mail)]
    work.add_event(event, mails)
    if follows.is_shown_elsewhere:
        work.calendar_bookings.append(ToldBooking(booking.id, _earlier_start(before, booking)))
    if before is not None and not is_same_mailbox(before.attendee_email, booking.attendee_email):
        # The reader of the old address may not be the attendee.
        await delete_links(work.tenant, booking.id)
    await _update_reminders(work, follows.reminders, booking, event_type)


def _is_joined(work: UnitOfWork, mail: NewMail) -> bool:
    """Whether a held mail to the same reader will report this event, so no other one is needed."""
    return any(
        held.audience == mail.audience
        and (mail.recipient is None or is_same_mailbox(held.recipient, mail.recipient))
        for held in work.held_mails
    )


def _earlier_start(before: Booking | None, after: Booking) -> datetime | None:
    if before is None or before.start_time == after.start_time:
        return None
    return before.start_time


async def record_change(
    work: UnitOfWork, before: Booking, after: Booking, *, override: bool, notify: bool
) -> None:
    """Records a change as one event: of the new status, else of the new time, else of the other
    schedules, else of the details."""
    if after.status != before.status:
        kind = OF_STATUS[after.status]
    elif (after.start_time, after.end_time) != (before.start_time, before.end_time):
        kind = EventName.RESCHEDULED
    elif set(after.schedule_ids) != set(before.schedule_ids):
        kind = EventName.REASSIGNED
    else:
        kind = EventName.UPDATED
    await record_event(work, kind, after, before=before, override=override, notify=notify)


def actor_behind(work: UnitOfWork, booking: Booking) -> Actor:
    """Who changes the booking: the caller; an attendee has the name on the booking."""
    caller = work.caller
    name = booking.attendee_name if caller.actor == ATTENDEE else caller.actor_name
    return actor_of(caller.actor, name)


async def _update_reminders(
    work: UnitOfWork, reminders: Reminders, booking: Booking, event_type: EventType | None
) -> None:
    if booking.event_type_id is None or reminders is Reminders.KEEP:
        return
    if reminders is Reminders.DROP:
        await drop_reminders(work.tenant, booking.id)
    elif work.caller.source not in MAILED_ELSEWHERE:
        await _plan_reminders(work, booking, booking.event_type_id, event_type)


async def _plan_reminders(
    work: UnitOfWork, booking: Booking, event_type_id: UUID, event_type: EventType | None
) -> None:
    if event_type is None:
        minutes = await find_reminder_minutes(work.tenant, event_type_id)
    elif event_type.reminders_minutes_before:
        minutes = event_type.reminders_minutes_before
    else:
        return
    await plan_reminders(work.tenant, booking.id, minutes, booking.start_time, work.recorded_at)
