"""Mail jobs of the previous release, whose servers enqueue them: a trigger turns them into
deliveries (migration 0021).

This handles the rest: jobs that such a server had begun when it was killed. It can be removed when
there are none left (`kalends jobs`) and no server of that release runs any more.
"""

from typing import Final
from uuid import UUID

from kalends.runtime.mails.again import put_again
from kalends.runtime.unit_of_work import Context
from kalends.store.notifier import MAILS_CHANNEL

MAIL_JOB: Final = "mail"


def organization_of(payload: bytes) -> UUID:
    """The organization whose mails the job names."""
    return _parse_payload(payload)[0]


async def put_in_outbox(context: Context, payload: bytes) -> None:
    """The job: puts those of its mails that were not sent into the outbox. Idempotent."""
    organization_id, mail_ids = _parse_payload(payload)
    async with context.database.tenant_transaction(organization_id) as tenant:
        await put_again(context, tenant, mail_ids)
    context.database.notifier.notify(organization_id, MAILS_CHANNEL)


def _parse_payload(payload: bytes) -> tuple[UUID, list[UUID]]:
    organization_id, *mail_ids = map(UUID, payload.decode().split())
    return organization_id, mail_ids
