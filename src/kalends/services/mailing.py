"""Mail: written by a job from the event that it tells of, kept, then handed to the mail server.

A message is written once and kept sealed, so that each try sends the same bytes under the same
Message-ID. What a sandbox would send, and everything where there is no mail server, stays in the
organization's mailbox.
"""

from typing import Final
from uuid import UUID

from msgspec import json

from kalends.domain.access import Mode, Organization
from kalends.domain.event import LoggedEvent
from kalends.domain.ids import BOOKING, EVENT_TYPE, MAIL, new_id, parse, shown
from kalends.domain.mail import Audience, Mail, MailKind, MailState
from kalends.domain.outside import Deferred, Rejected
from kalends.formats.bookings import BookingShown
from kalends.formats.cleaning import mail_address
from kalends.formats.mails import BookingMail, booking_message
from kalends.formats.messages import Message
from kalends.services.self_service import mint_link
from kalends.services.work import Context, GaveUp, Work, found
from kalends.store import event_types, events, mails, organizations
from kalends.store.database import Tx

JOB: Final = "mail"
PURPOSE: Final = "mail"
# Those whose attendee can still change something.
OPEN: Final = frozenset({"PENDING", "CONFIRMED"})


DONE: Final = frozenset({MailState.SENT, MailState.KEPT})


class MailDeferred(Exception):
    """The mail server did not take it, for now."""


async def list_mails(
    work: Work, booking_id: UUID | None, limit: int, offset: int
) -> tuple[list[Mail], int]:
    """A page of the mailbox, the latest first, and how many there are."""
    return await mails.list_mails(work.organization_id, work.tx, booking_id, limit, offset)


async def read_message(work: Work, mail_id: UUID) -> tuple[Mail, bytes | None]:
    """A mail and its message (RFC 5322); None where none was written yet, or it was forgotten.
    Raises NotFound."""
    mail = found(
        await mails.find_mail(work.organization_id, work.tx, mail_id), "mail", shown(MAIL, mail_id)
    )
    return mail, _opened(work.context, mail)


async def post_message(
    work: Work, organization_id: UUID, kind: MailKind, recipient: str, message: Message
) -> None:
    """Sends a message to a user, from the organization's mailbox, if the work at hand commits."""
    mail = Mail(
        id=new_id(),
        kind=kind,
        audience=Audience.USER,
        recipient=recipient,
        booking_id=None,
        event_number=None,
        state=MailState.QUEUED,
        subject=message.subject,
        message=work.context.seal.close(message.content, PURPOSE),
        error=None,
        created_at=work.stamp,
        done_at=None,
    )
    await mails.insert_mail(organization_id, work.tx, mail)
    await work.start(JOB, _payload(organization_id, mail.id))


async def send_mail(context: Context, payload: bytes) -> None:
    """The job: writes the message if there is none, and hands it over.

    Raises MailDeferred to be tried again, GaveUp where the server will never take it.
    """
    organization_id, mail_id = _parsed(payload)
    async with context.database.transaction() as tx:
        organization = await organizations.find_organization(organization_id, tx)
        mail = await mails.find_mail(organization_id, tx, mail_id)
        if (
            organization is None
            or mail is None
            or (mail.done_at and mail.state != MailState.FAILED)
        ):
            return
        message = _opened(context, mail) or await _write(context, tx, organization, mail)
    carrier = context.outside.carrier
    if carrier is None or organization.mode is Mode.TEST:
        await _settle(context, organization_id, mail_id, MailState.KEPT)
        return
    sender, recipient = mail_address(context.outside.sender), mail_address(mail.recipient)
    outcome = await carrier.post(sender, recipient, message)
    if isinstance(outcome, Rejected):
        await _settle(context, organization_id, mail_id, MailState.FAILED, outcome.reason)
        raise GaveUp(outcome.reason)
    if isinstance(outcome, Deferred):
        raise MailDeferred(outcome.reason)
    await _settle(context, organization_id, mail_id, MailState.SENT)


async def give_up_mail(context: Context, payload: bytes, reason: str) -> None:
    """Notes that the job was given up; it may still be run again."""
    organization_id, mail_id = _parsed(payload)
    await _settle(context, organization_id, mail_id, MailState.FAILED, reason)


async def _write(context: Context, tx: Tx, organization: Organization, mail: Mail) -> bytes:
    """Writes the message down and returns it; what was written meanwhile by another goes before."""
    message = await _compose(context, tx, organization, mail)
    sealed = context.seal.close(message.content, PURPOSE)
    if await mails.write_message(organization.id, tx, mail.id, message.subject, sealed):
        return message.content
    written = await mails.find_mail(organization.id, tx, mail.id)
    content = _opened(context, written) if written else None
    return content or message.content


async def _compose(context: Context, tx: Tx, organization: Organization, mail: Mail) -> Message:
    assert mail.event_number is not None
    event = await events.find_event(organization.id, tx, mail.event_number)
    assert event is not None
    booking = json.decode(event.data, type=BookingShown)
    previous = await _before(tx, organization.id, event)
    sender = context.outside.sender
    return booking_message(
        BookingMail(
            kind=MailKind(mail.kind),
            audience=Audience(mail.audience),
            message_id=f"<{shown(MAIL, mail.id)}@{sender.rpartition('@')[2]}>",
            booking=booking,
            sequence=event.sequence,
            happened_at=event.created_at,
            organization_name=organization.name,
            organization_email=organization.notify_email,
            sender=sender,
            recipient=mail.recipient,
            zone=organization.timezone,
            manage_url=await _mint_link(context, tx, organization.id, mail, booking),
            previous_start=previous.start_time if previous else None,
            previous_end=previous.end_time if previous else None,
            event_type_name=await _event_type_name(tx, organization.id, booking),
        )
    )


async def _before(tx: Tx, organization_id: UUID, event: LoggedEvent) -> BookingShown | None:
    """The booking as it was before the event."""
    before = await events.find_event_before(organization_id, tx, event.booking_id, event.number)
    return None if before is None else json.decode(before.data, type=BookingShown)


async def _mint_link(
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
    event_type_id = parse(EVENT_TYPE, booking.event_type_id or "")
    if event_type_id is None:
        return None
    event_type = await event_types.find_event_type(organization_id, tx, event_type_id)
    return None if event_type is None else event_type.name


async def _settle(
    context: Context,
    organization_id: UUID,
    mail_id: UUID,
    state: MailState,
    error: str | None = None,
) -> None:
    async with context.database.transaction() as tx:
        await mails.set_state(organization_id, tx, mail_id, state, error, context.clock())


def _opened(context: Context, mail: Mail) -> bytes | None:
    return None if mail.message is None else context.seal.open(mail.message, PURPOSE)


def _payload(organization_id: UUID, mail_id: UUID) -> bytes:
    return f"{organization_id} {mail_id}".encode()


def _parsed(payload: bytes) -> tuple[UUID, UUID]:
    organization_id, mail_id = payload.decode().split()
    return UUID(organization_id), UUID(mail_id)
