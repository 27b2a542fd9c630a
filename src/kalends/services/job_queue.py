"""The queue of jobs and the outbox for the operator: what waits, what was given up, and retrying
that."""

from collections import defaultdict
from collections.abc import Sequence
from typing import Final, NamedTuple
from uuid import UUID

from msgspec import Struct

from kalends.runtime.mails.again import send_again
from kalends.runtime.unit_of_work import Context
from kalends.store import jobs
from kalends.store.database import TenantConnection, Tx
from kalends.store.jobs import FailedJob, Waiting
from kalends.store.notifier import DELIVERIES_CHANNEL, JOBS_CHANNEL
from kalends.store.outbox import deliveries, overview
from kalends.store.outbox.channel_health import ChannelHealth, list_failing_channels

MOST_FAILED_JOBS: Final = 500
MOST_GIVEN_UP: Final = 500
MOST_FAILING: Final = 100
WEBHOOK: Final = "webhook"
MAIL: Final = "mail"


class JobQueue(NamedTuple):
    """Jobs that wait or run, by kind; and those that failed for good, the latest first."""

    waiting: list[Waiting]
    failed: list[FailedJob]


class Outbox(Struct, frozen=True, kw_only=True):
    """What waits in each channel, the channels and endpoints that are failing, and the deliveries
    that were given up, the latest first."""

    waiting: Sequence[overview.WaitingChannel]
    failing: Sequence[ChannelHealth]
    failing_endpoints: Sequence[overview.FailingEndpoint]
    given_up: Sequence[overview.GivenUp]


class Again(NamedTuple):
    """The jobs, mails and webhooks to retry. For jobs and mails, None is all that were given up.
    Webhooks have to be named: their receivers belong to others, who see their own list."""

    job_ids: Sequence[int] | None
    mail_ids: Sequence[UUID] | None
    webhook_ids: Sequence[UUID]


async def get_queue(context: Context) -> JobQueue:
    """The queue of all organizations."""
    async with context.database.connection() as tx:
        return JobQueue(
            await jobs.count_jobs(tx), await jobs.list_failed_jobs(tx, MOST_FAILED_JOBS)
        )


async def get_outbox(context: Context) -> Outbox:
    """The outbox of all organizations."""
    async with context.database.connection() as tx:
        return Outbox(
            waiting=await overview.count_waiting(tx),
            failing=await list_failing_channels(tx),
            failing_endpoints=await overview.list_failing_endpoints(tx, MOST_FAILING),
            given_up=[
                delivery
                for channel in (MAIL, WEBHOOK)
                for delivery in await overview.list_given_up(tx, channel, MOST_GIVEN_UP)
            ],
        )


async def retry(context: Context, again: Again) -> Again:
    """Retries what was given up, from the start of its timetable, except what has expired. Returns
    what will be retried."""
    async with context.database.transaction() as tx:
        job_ids = await jobs.retry_jobs(tx, again.job_ids)
        mails = await overview.find_given_up(tx, MAIL, again.mail_ids)
        webhooks = await overview.find_given_up(tx, WEBHOOK, again.webhook_ids)
        await _redeliver(tx, webhooks)
    notifier = context.database.notifier
    notifier.notify(None, JOBS_CHANNEL)
    for place in webhooks:
        notifier.notify(place.organization_id, DELIVERIES_CHANNEL)
    return Again(job_ids, await _send_again(context, mails), [place.id for place in webhooks])


async def _redeliver(tx: Tx, webhooks: Sequence[overview.DeliveryKey]) -> None:
    for place in webhooks:
        tenant = TenantConnection(place.organization_id, tx)
        await deliveries.redeliver(tenant, place.destination_id, place.id)


async def _send_again(context: Context, mails: Sequence[overview.DeliveryKey]) -> list[UUID]:
    by_organization: defaultdict[UUID, list[UUID]] = defaultdict(list)
    for place in mails:
        by_organization[place.organization_id].append(place.id)
    again: list[UUID] = []
    for organization_id, mail_ids in by_organization.items():
        again += await send_again(context, organization_id, mail_ids)
    return again
