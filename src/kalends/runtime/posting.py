"""Posting mail that no event is behind: it goes out if, and only if, the unit of work commits."""

from datetime import datetime
from typing import Final
from uuid import UUID

from kalends.domain.access import Organization
from kalends.domain.ids import new_id
from kalends.domain.mail import Audience, Mail, MailKind, MailState, destination_of
from kalends.formats.mails.messages import Message
from kalends.runtime.mails.writing import sealed
from kalends.runtime.unit_of_work import UnitOfWork
from kalends.store.accounts import organizations
from kalends.store.notifier import MAILS_CHANNEL
from kalends.store.outbox import mails
from kalends.store.outbox.mail_lanes import append_to_lane

# Not for who has left by the time that it is sent.
AUDIENCES: Final = {MailKind.AGENDA: Audience.HOST}


async def list_readers(
    work: UnitOfWork, organization: Organization, user_id: UUID | None = None
) -> list[tuple[str, str | None]]:
    """Who reads what concerns the user, or for None the organization: each address with the
    language of that user. The organization's are its notify addresses, else its admins'."""
    reader = await organizations.find_reader(work.tenant, user_id) if user_id else None
    if reader is not None:
        return [reader]
    addresses = organization.notify_emails
    if not addresses:
        return await organizations.list_admins(work.tenant)
    locales = await organizations.find_locales_of_addresses(work.tenant, addresses)
    return [(address, locales.get(address.lower())) for address in addresses]


async def post_message(
    work: UnitOfWork,
    kind: MailKind,
    recipient: str,
    message: Message,
    about: UUID,
    expires_at: datetime | None = None,
) -> None:
    """Sends a message to a user, from the organization's mailbox, if the unit of work commits.

    `about` is the user or the endpoint that it is about: what one address is told about it arrives
    in order. It is never sent after `expires_at`, when the link in it has expired.
    """
    mail = Mail(
        id=new_id(),
        kind=kind,
        audience=AUDIENCES.get(kind, Audience.USER),
        recipient=recipient,
        booking_id=None,
        event_number=None,
        state=MailState.QUEUED,
        subject=message.subject,
        message=sealed(work.context, message),
        error=None,
        created_at=work.recorded_at,
        done_at=None,
    )
    await mails.insert_mail(work.tenant, mail)
    await append_to_lane(work.tenant, mail, destination_of(recipient), about, expires_at)
    work.notifications.add(MAILS_CHANNEL)
