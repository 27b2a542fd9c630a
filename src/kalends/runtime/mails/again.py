"""Puts mails into the outbox again that were given up, or that never had a place in it."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

from kalends.domain.account_link import LINK_LASTS, Purpose
from kalends.domain.mail import Audience, MailKind, destination_of
from kalends.runtime.unit_of_work import Context
from kalends.store.database import TenantConnection
from kalends.store.notifier import MAILS_CHANNEL
from kalends.store.outbox import mail_again
from kalends.store.outbox.mail_again import NewDelivery, UnsentMail

LINK_OF: Final[dict[str, Purpose]] = {
    MailKind.PASSWORD_RESET: Purpose.PASSWORD_RESET,
    MailKind.USER_INVITATION: Purpose.INVITATION,
}


async def send_again(
    context: Context, organization_id: UUID, mail_ids: Sequence[UUID]
) -> list[UUID]:
    """Queues mails that were given up. Returns the ids of those that will be sent. Raises
    Unavailable."""
    async with context.database.tenant_transaction(organization_id) as tenant:
        again = await put_again(context, tenant, mail_ids)
    context.database.notifier.notify(organization_id, MAILS_CHANNEL)
    return again


async def put_again(
    context: Context, tenant: TenantConnection, mail_ids: Sequence[UUID]
) -> list[UUID]:
    """`send_again` within a transaction, without notifying the workers."""
    unsent = await mail_again.list_unsent(tenant, mail_ids)
    new = [_place_of(mail, tenant.organization_id) for mail in unsent]
    return await mail_again.put_in_outbox(tenant, new, context.clock())


def _place_of(mail: UnsentMail, organization_id: UUID) -> NewDelivery:
    is_for_organization = mail.audience == Audience.ORGANIZATION
    destination = organization_id if is_for_organization else destination_of(mail.recipient)
    return NewDelivery(
        id=mail.id,
        destination_id=destination,
        event_id=mail.event_id or mail.id,
        kind=mail.kind,
        lane_id=mail.booking_id or destination,
        number=mail.event_number or 0,
        expires_at=_expires_at(mail),
    )


def _expires_at(mail: UnsentMail) -> datetime | None:
    purpose = LINK_OF.get(mail.kind)
    return mail.starts_at if purpose is None else mail.created_at + LINK_LASTS[purpose]
