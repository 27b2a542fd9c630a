"""Posts mail that belongs to no event, such as an invitation of a user: it is sent if, and only if,
the unit of work commits."""

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

# To hosts, a mail is not sent if they have left the organization by then.
AUDIENCES: Final = {MailKind.AGENDA: Audience.HOST}


async def list_readers(
    work: UnitOfWork, organization: Organization, user_id: UUID | None = None
) -> list[tuple[str, str | None]]:
    """The addresses, each with its reader's language, for what concerns a user, or with None the
    organization: its notify addresses, else those of its admins. Without such a user, it is also
    the organization's."""
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
    """Posts a message to a user, in the name of the organization, if the unit of work commits.

    `about` is the user or the endpoint that it is about: messages about it to one address are one
    lane, so they arrive in order. It is never sent after `expires_at`, when its link has expired.
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
