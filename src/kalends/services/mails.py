"""An organization's mailbox: all mails that were sent, or are kept because they are not sent."""

from uuid import UUID

from kalends.domain.ids import MAIL
from kalends.domain.mail import Mail
from kalends.runtime.mails.writing import opened
from kalends.runtime.unit_of_work import UnitOfWork, require
from kalends.store.outbox import mails


async def list_mails(
    work: UnitOfWork, booking_id: UUID | None, limit: int, offset: int
) -> tuple[list[Mail], int]:
    """A page of the mailbox, the latest first, and the total."""
    return await mails.list_mails(work.tenant, booking_id, limit, offset)


async def get_message(work: UnitOfWork, mail_id: UUID) -> tuple[Mail, bytes | None]:
    """A mail and its message (RFC 5322), None if that is not written yet or was deleted. Raises
    NotFound."""
    mail = require(
        await mails.find_mail(work.tenant, mail_id),
        MAIL,
        mail_id,
    )
    return mail, opened(work.context, mail)
