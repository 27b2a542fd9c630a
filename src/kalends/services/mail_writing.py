"""Writing the mails about a booking, from the event that they tell of."""

from collections.abc import Sequence
from typing import Final
from uuid import UUID

from msgspec import Struct, json, structs

from kalends.domain.access import Organization
from kalends.domain.event import LoggedEvent
from kalends.domain.ids import BOOKING, EVENT_TYPE, MAIL, parse, shown
from kalends.domain.mail import Audience, Mail, MailKind
from kalends.formats.bookings import BookingShown
from kalends.formats.mails import BookingMail, booking_message
from kalends.formats.messages import Message
from kalends.services.self_service import mint_link
from kalends.services.work import Context
from kalends.store import event_types, events, mails
from kalends.store.database import Tx

PURPOSE: Final = "mail"
# Those whose attendee can still change something.
OPEN: Final = frozenset({"PENDING", "CONFIRMED"})


class Story(Struct, frozen=True):
    """What an event's mails tell: the booking then, and as it was before."""

    event: LoggedEvent
    booking: BookingShown
    before: BookingShown | None
    event_type_name: str | None


async def write_messages(
    context: Context, tx: Tx, organization: Organization, unwritten: Sequence[Mail]
) -> dict[UUID, bytes]:
    """Writes the messages (RFC 5322) down, sealed, and returns them by their mails' ids."""
    stories: dict[int, Story] = {}
    messages: dict[UUID, Message] = {}
    for mail in unwritten:
        assert mail.event_number is not None
        if mail.event_number not in stories:
            stories[mail.event_number] = await _story(tx, organization.id, mail.event_number)
        story = stories[mail.event_number]
        messages[mail.id] = await _message(context, tx, organization, mail, story)
    written = [
        structs.replace(
            mail, subject=messages[mail.id].subject, message=sealed(context, messages[mail.id])
        )
        for mail in unwritten
    ]
    await mails.write_messages(organization.id, tx, written)
    return {id_: message.content for id_, message in messages.items()}


def sealed(context: Context, message: Message) -> bytes:
    """A message as it is kept: it holds links that open a booking."""
    return context.seal.close(message.content, PURPOSE)


def opened(context: Context, mail: Mail) -> bytes | None:
    """The message of a mail; None where there is none."""
    return None if mail.message is None else context.seal.open(mail.message, PURPOSE)


async def _story(tx: Tx, organization_id: UUID, number: int) -> Story:
    event = await events.find_event(organization_id, tx, number)
    assert event is not None
    booking = json.decode(event.data, type=BookingShown)
    before = None
    if event.sequence:
        before = await events.find_event_before(organization_id, tx, event.booking_id, number)
    return Story(
        event,
        booking,
        None if before is None else json.decode(before.data, type=BookingShown),
        await _event_type_name(tx, organization_id, booking),
    )


async def _message(
    context: Context, tx: Tx, organization: Organization, mail: Mail, story: Story
) -> Message:
    sender, before = context.outside.sender, story.before
    return booking_message(
        BookingMail(
            kind=MailKind(mail.kind),
            audience=Audience(mail.audience),
            message_id=f"<{shown(MAIL, mail.id)}@{sender.rpartition('@')[2]}>",
            booking=story.booking,
            sequence=story.event.sequence,
            happened_at=story.event.created_at,
            organization_name=organization.name,
            organization_email=organization.notify_email,
            sender=sender,
            recipient=mail.recipient,
            zone=organization.timezone,
            manage_url=await _manage_url(context, tx, organization.id, mail, story.booking),
            previous_start=before.start_time if before else None,
            previous_end=before.end_time if before else None,
            event_type_name=story.event_type_name,
        )
    )


async def _manage_url(
    context: Context, tx: Tx, organization_id: UUID, mail: Mail, booking: BookingShown
) -> str | None:
    """A link of its own for each mail to the attendee of a booking that can still change."""
    if mail.audience != Audience.ATTENDEE or booking.status not in OPEN:
        return None
    booking_id = parse(BOOKING, booking.id)
    assert booking_id is not None
    token = await mint_link(organization_id, tx, booking_id, context.clock())
    return f"{context.outside.public_url}/booking/{token}"


async def _event_type_name(tx: Tx, organization_id: UUID, booking: BookingShown) -> str | None:
    """Only a booking without a title needs it."""
    event_type_id = parse(EVENT_TYPE, booking.event_type_id or "")
    if booking.title or event_type_id is None:
        return None
    event_type = await event_types.find_event_type(organization_id, tx, event_type_id)
    return None if event_type is None else event_type.name
