"""An organization's mailbox: what was sent, or kept."""

from uuid import UUID

from kalends.domain.ids import MAIL
from kalends.domain.mail import Mail
from kalends.runtime.mails.writing import opened
from kalends.runtime.unit_of_work import UnitOfWork, require
from kalends.store.outbox import mails


async def list_mails(
    work: UnitOfWork, booking_id: UUID | None, limit: int, offset: int
) -> tuple[list[Mail], int]:
    """A page of the mailbox, the latest first, and how many there are."""
    return await mails.list_mails(work.tenant, booking_id, limit, offset)


async def get_message(work: UnitOfWork, mail_id: UUID) -> tuple[Mail, bytes | None]:
    """A mail and its message (RFC 5322); None where none was written yet, or it was forgotten.
    Raises NotFound."""
    mail = require(
        await mails.find_mail(work.tenant, mail_id),
        MAIL,
        mail_id,
    )
    return mail, opened(work.context, mail)
