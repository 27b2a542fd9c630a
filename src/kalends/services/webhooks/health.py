"""Updates the health of webhook endpoints: working, failing since some time, or disabled."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from msgspec import json

from kalends.domain import webhook
from kalends.domain.access import Mode
from kalends.domain.ids import ENDPOINT, encode_id
from kalends.domain.mail import MailKind
from kalends.domain.outbox import DeliveryAttempt
from kalends.formats.mails.accounts import DisabledReason, EndpointMail, endpoint_disabled_message
from kalends.runtime.mails.terms import mail_terms
from kalends.runtime.posting import list_readers, post_message
from kalends.runtime.unit_of_work import Caller, Context, UnitOfWork, change
from kalends.store.accounts import organizations
from kalends.store.outbox import webhooks
from kalends.store.outbox.webhook_lanes import DueWebhook, WebhookOutcome

ACTOR: Final = "kalends"
STATUS_GONE: Final = 410
REASON_WORDS: Final = {
    DisabledReason.GONE: "It answered 410 Gone.",
    DisabledReason.FAILING: "Every delivery failed for five days.",
}


async def update_health(context: Context, outcomes: Sequence[WebhookOutcome]) -> None:
    """Records when an endpoint starts or stops failing. Disables one that answered 410 Gone, or
    whose deliveries have all failed for five days. The outcomes are of one endpoint.

    This runs in transactions of its own, since changing an endpoint locks it before its lanes. If
    it fails, the next try makes up for it. Raises Unavailable.
    """
    lane = outcomes[0].lane
    attempts = [json.decode(outcome.attempt, type=list[DeliveryAttempt])[0] for outcome in outcomes]
    known = [outcome.lane.failing_since for outcome in outcomes if outcome.lane.failing_since]
    since = min(known, default=None)
    taken = any(attempt.is_taken for attempt in attempts)
    if taken and since is None:
        return
    async with context.database.tenant_transaction(lane.organization_id) as tenant:
        place = tenant, lane.destination_id
        if taken:
            await webhooks.record_success(*place)
        elif since is None:
            await webhooks.record_failure(*place, attempts[0].at)
    reason = _reason_to_disable(attempts, since, context.clock())
    if reason is not None:
        caller = Caller(lane.organization_id, Mode.LIVE, ACTOR, source=ACTOR)
        await change(context, caller, _disable, lane, reason, since, attempts[-1])


def _reason_to_disable(
    attempts: Sequence[DeliveryAttempt], since: datetime | None, now: datetime
) -> DisabledReason | None:
    if any(attempt.status == STATUS_GONE for attempt in attempts):
        return DisabledReason.GONE
    fails = not any(attempt.is_taken for attempt in attempts)
    if fails and since is not None and since + webhook.DISABLED_AFTER <= now:
        return DisabledReason.FAILING
    return None


async def _disable(
    work: UnitOfWork,
    lane: DueWebhook,
    reason: DisabledReason,
    since: datetime | None,
    last: DeliveryAttempt,
) -> None:
    """Disables the endpoint and mails the organization; once, even if several processes do so."""
    was_enabled = await webhooks.disable_endpoint(
        work.tenant, lane.destination_id, REASON_WORDS[reason], work.recorded_at
    )
    organization = await organizations.find_organization(work.tenant)
    if not was_enabled or organization is None:
        return
    for recipient, locale in await list_readers(work, organization):
        message = endpoint_disabled_message(
            EndpointMail(
                **mail_terms(work, organization, recipient, locale),
                endpoint_id=encode_id(ENDPOINT, lane.destination_id),
                url=lane.url,
                reason=reason,
                failing_since=since,
                error=last.error,
            )
        )
        await post_message(
            work, MailKind.ENDPOINT_DISABLED, recipient, message, lane.destination_id
        )
