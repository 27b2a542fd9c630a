"""Sending mail: written by a job from its event, kept, then handed to the mail server.

A message is written once and kept sealed, so that each try sends the same bytes under the same
Message-ID. What a sandbox would send, and everything where there is no mail server, stays in the
organization's mailbox.
"""

from collections.abc import Sequence
from datetime import timedelta
from typing import Final
from uuid import UUID

from kalends.domain.access import Mode
from kalends.domain.gateways import Deferred, Posted, Rejected
from kalends.domain.mail import Mail, MailState
from kalends.formats.cleaning import mail_address
from kalends.runtime.mail_writing import opened, write_messages
from kalends.runtime.unit_of_work import Context, GaveUp
from kalends.store.accounts import organizations
from kalends.store.database import TenantConnection
from kalends.store.outbox import mails

ASK_AGAIN: Final = timedelta(seconds=5)


class MailDeferred(Exception):
    """The mail server did not take it, for now."""


def organization_of(payload: bytes) -> UUID:
    """Whose mails the job sends."""
    return _parse_payload(payload)[0]


async def send_mails(context: Context, payload: bytes) -> timedelta | None:
    """The job: writes the messages that are not written yet, and hands each over. Where somebody
    holds one of them, it is to run again soon.

    Raises MailDeferred to be tried again, GaveUp where the server will never take one of them.
    """
    organization_id, mail_ids = _parse_payload(payload)
    async with context.database.tenant_transaction(organization_id) as tenant:
        outgoing, held = await _prepare(context, tenant, mail_ids)
    outcomes = [await _send(context, organization_id, *one) for one in outgoing]
    for outcome in sorted(outcomes, key=lambda one: isinstance(one, Rejected)):
        if isinstance(outcome, Deferred):
            raise MailDeferred(outcome.reason)
        if isinstance(outcome, Rejected) and not held:
            raise GaveUp(outcome.reason)
    return ASK_AGAIN if held else None


async def give_up_mails(context: Context, payload: bytes, reason: str) -> None:
    """Notes that the job was given up; it may still be run again."""
    await _settle(context, *_parse_payload(payload), MailState.FAILED, reason)


async def _prepare(
    context: Context, tenant: TenantConnection, mail_ids: Sequence[UUID]
) -> tuple[list[tuple[Mail, bytes]], bool]:
    """The messages that are to go out, and whether somebody holds others; what stays in the
    mailbox is settled here."""
    organization = await organizations.find_organization(tenant)
    unsent = await mails.lock_unsent(tenant, mail_ids)
    held = len(unsent) < len(mail_ids) and len(unsent) < await mails.count_unsent(tenant, mail_ids)
    if organization is None or not unsent:
        return [], held
    unwritten = [mail for mail in unsent if mail.message is None]
    messages = await write_messages(context, tenant, organization, unwritten) if unwritten else {}
    if context.gateways.mail_transport is None or organization.mode is Mode.TEST:
        now = context.clock()
        ours = [mail.id for mail in unsent]
        await mails.set_state(tenant, ours, MailState.KEPT, None, now)
        return [], held
    ready = [(mail, messages.get(mail.id) or opened(context, mail) or b"") for mail in unsent]
    return ready, held


async def _send(
    context: Context, organization_id: UUID, mail: Mail, message: bytes
) -> Posted | Deferred | Rejected:
    transport = context.gateways.mail_transport
    assert transport is not None
    sender, recipient = mail_address(context.gateways.sender), mail_address(mail.recipient)
    outcome = await transport.post(sender, recipient, message)
    if isinstance(outcome, Posted):
        await _settle(context, organization_id, [mail.id], MailState.SENT)
    if isinstance(outcome, Rejected):
        await _settle(context, organization_id, [mail.id], MailState.FAILED, outcome.reason)
    return outcome


async def _settle(
    context: Context,
    organization_id: UUID,
    mail_ids: Sequence[UUID],
    state: MailState,
    error: str | None = None,
) -> None:
    async with context.database.tenant_transaction(organization_id) as tenant:
        await mails.set_state(tenant, mail_ids, state, error, context.clock())


def _parse_payload(payload: bytes) -> tuple[UUID, list[UUID]]:
    organization_id, *mail_ids = map(UUID, payload.decode().split())
    return organization_id, mail_ids
