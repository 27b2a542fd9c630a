"""Posting mail: a message goes out if, and only if, the unit of work commits."""

from typing import Final

from kalends.domain.ids import new_id
from kalends.domain.mail import Audience, Mail, MailKind, MailState
from kalends.formats.mails.messages import Message
from kalends.runtime.mail_writing import sealed
from kalends.runtime.unit_of_work import UnitOfWork
from kalends.store.outbox import mails

MAIL_JOB: Final = "mail"


async def post_message(work: UnitOfWork, kind: MailKind, recipient: str, message: Message) -> None:
    """Sends a message to a user, from the organization's mailbox, if the unit of work commits."""
    mail = Mail(
        id=new_id(),
        kind=kind,
        audience=Audience.USER,
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
    await work.enqueue_job(MAIL_JOB, f"{work.organization_id} {mail.id}".encode())
