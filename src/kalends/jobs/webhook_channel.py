"""The channel of webhooks: each endpoint has a cap and a health of its own."""

from collections.abc import Callable, Collection, Iterator, Sequence
from datetime import timedelta
from typing import Final
from uuid import UUID

from kalends.jobs.capped_lanes import lease_capped
from kalends.jobs.endpoint_health import EndpointHealthUpdates
from kalends.runtime import deliveries
from kalends.runtime.unit_of_work import Context
from kalends.store.outbox.lanes import Caps, Leased
from kalends.store.outbox.recording import Recorded
from kalends.store.outbox.webhook_lanes import DueWebhook, WebhookOutcome

# An endpoint that hangs holds its places for ten seconds each: never all of them, and few once it
# is known to fail.
ENDPOINT_CAPS: Final = Caps(working=60, failing=8)


class WebhookChannel:
    """See `Channel`."""

    most: int = 200
    # So that one statement leases many.
    least_room: int = 50
    lease: timedelta = deliveries.WEBHOOK_LEASE
    # A try has to end before the lease does, though it were not renewed.
    needs: timedelta = timedelta(seconds=deliveries.TIMEOUT_SECONDS)

    def __init__(self, context: Context) -> None:
        self._context = context
        self._health = EndpointHealthUpdates(context)

    async def lease_lanes(
        self, organization_id: UUID, room: int, in_flight: Collection[DueWebhook], taken: int
    ) -> Leased:
        lease_due = deliveries.lease_due_webhooks
        return await lease_capped(
            self._context, lease_due, organization_id, room, in_flight, ENDPOINT_CAPS
        )

    def in_batches(self, lanes: Sequence[DueWebhook]) -> Iterator[Sequence[DueWebhook]]:
        return ([lane] for lane in lanes)

    async def deliver(
        self, lanes: Sequence[DueWebhook], settle: Callable[[WebhookOutcome], None]
    ) -> None:
        for lane in lanes:
            settle(await deliveries.deliver(self._context, lane))

    async def record(self, organization_id: UUID, outcomes: Sequence[WebhookOutcome]) -> Recorded:
        return await deliveries.record_webhooks(self._context, organization_id, outcomes)

    def note_health(self, outcomes: Sequence[WebhookOutcome]) -> None:
        self._health.add(outcomes)

    async def stop(self) -> None:
        await self._health.stop()
