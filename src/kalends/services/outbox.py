"""What follows from a change: the event that is written down, and what it sets going."""

from datetime import timedelta
from enum import Enum, auto
from typing import Final

from msgspec import Struct

from kalends.domain import webhook
from kalends.domain.actor import ATTENDEE, Actor, actor_of
from kalends.domain.booking import Booking, Status
from kalends.domain.event_type import EventType
from kalends.domain.ids import new_id
from kalends.domain.mail import Audience, MailKind
from kalends.formats.bookings import booking_json
from kalends.formats.changes import previous_attributes
from kalends.services.work import Work
from kalends.store.events import Event, NewMail
from kalends.store.reminders import drop_reminders, plan_reminders

CREATED: Final = webhook.CREATED
OF_STATUS: Final = {
    Status.CONFIRMED: webhook.CONFIRMED,
    Status.CANCELLED: webhook.CANCELLED,
    Status.COMPLETED: webhook.COMPLETED,
    Status.NO_SHOW: webhook.NO_SHOW,
}
# What comes from there was told to attendees there.
TOLD_ELSEWHERE: Final = frozenset({"calcom"})
# That an appointment was cancelled is still told for a while after its time.
CANCELLATION_TOLD_FOR: Final = timedelta(days=1)


class Reminders(Enum):
    """What becomes of a booking's reminders."""

    KEEP = auto()
    PLAN = auto()
    DROP = auto()


class Consequences(Struct, frozen=True):
    """What follows from an event, beside its row, the log and the webhooks that hear of it: a mail
    to the attendee and one to the organization, and what becomes of reminders."""

    mail: MailKind | None = None
    reminders: Reminders = Reminders.KEEP


CONSEQUENCES: Final[dict[str, Consequences]] = {
    webhook.CREATED: Consequences(MailKind.REQUESTED, Reminders.PLAN),
    webhook.CONFIRMED: Consequences(MailKind.CONFIRMED),
    webhook.RESCHEDULED: Consequences(MailKind.RESCHEDULED, Reminders.PLAN),
    webhook.CANCELLED: Consequences(MailKind.CANCELLED, Reminders.DROP),
    webhook.COMPLETED: Consequences(reminders=Reminders.DROP),
    webhook.NO_SHOW: Consequences(reminders=Reminders.DROP),
    webhook.UPDATED: Consequences(),
    webhook.REMINDER: Consequences(MailKind.REMINDER),
}


async def announce(
    work: Work,
    kind: str,
    booking: Booking,
    *,
    before: Booking | None = None,
    event_type: EventType | None = None,
    override: bool = False,
    notify: bool = True,
) -> None:
    """Writes the event down, and what follows from it, in the transaction at work.

    `before` is the booking before the change, where there was one. Without `notify` no mail
    follows. `event_type` is the booking's, where it is at hand: one without reminders saves a
    question.
    """
    follows = CONSEQUENCES[kind]
    event = Event(
        id=new_id(),
        type=kind,
        booking_id=booking.id,
        data=booking_json(booking),
        previous=previous_attributes(before or booking, booking),
        actor_name=actor_behind(work, booking).name,
        sequence=booking.version - 1,
        override=override,
    )
    work.happened(event, _mails(work, follows.mail, booking) if notify else [])
    await _settle_reminders(work, follows.reminders, booking, event_type)


async def announce_change(
    work: Work, before: Booking, after: Booking, *, override: bool, notify: bool
) -> None:
    """One change is one event: of the new status, else of the new time, else of the details."""
    if after.status != before.status:
        kind = OF_STATUS[after.status]
    elif (after.start_time, after.end_time) != (before.start_time, before.end_time):
        kind = webhook.RESCHEDULED
    else:
        kind = webhook.UPDATED
    await announce(work, kind, after, before=before, override=override, notify=notify)


def actor_behind(work: Work, booking: Booking) -> Actor:
    """Who changes the booking: the caller, an attendee by the name on the booking."""
    caller = work.caller
    name = booking.attendee_name if caller.actor == ATTENDEE else caller.actor_name
    return actor_of(caller.actor, name)


def _mails(work: Work, kind: MailKind | None, booking: Booking) -> list[NewMail]:
    """To the attendee, and to the organization's notify address."""
    if kind is None or work.caller.source in TOLD_ELSEWHERE or _is_over(work, kind, booking):
        return []
    if kind == MailKind.REQUESTED and booking.status == Status.CONFIRMED:
        kind = MailKind.CONFIRMED
    to_whom = ((Audience.ATTENDEE, str(booking.attendee_email)), (Audience.ORGANIZATION, None))
    return [
        NewMail(id=new_id(), kind=kind, audience=audience, recipient=recipient, ordinal=0)
        for audience, recipient in to_whom
    ]


def _is_over(work: Work, kind: MailKind, booking: Booking) -> bool:
    """Whether nobody needs to hear of it any more, as when the past is recorded."""
    told_until = booking.end_time
    if kind == MailKind.CANCELLED:
        told_until += CANCELLATION_TOLD_FOR
    return told_until <= work.stamp


async def _settle_reminders(
    work: Work, settled: Reminders, booking: Booking, event_type: EventType | None
) -> None:
    if booking.event_type_id is None or settled is Reminders.KEEP:
        return
    if settled is Reminders.DROP:
        await drop_reminders(work.organization_id, work.tx, booking.id)
    elif work.caller.source not in TOLD_ELSEWHERE and (
        event_type is None or event_type.reminders_minutes_before
    ):
        await plan_reminders(
            work.organization_id,
            work.tx,
            booking.id,
            booking.event_type_id,
            booking.start_time,
            work.stamp,
        )
