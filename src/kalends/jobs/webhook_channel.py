"""The webhook channel: each endpoint has a cap and a health of its own."""

from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Final
from uuid import UUID

from kalends.jobs.capped_channel import CappedChannel
from kalends.jobs.endpoint_health import EndpointHealthUpdates
from kalends.runtime import deliveries
from kalends.runtime.unit_of_work import Context
from kalends.store.outbox.lanes import Caps
from kalends.store.outbox.recording import Recorded
from kalends.store.outbox.webhook_lanes import DueWebhook, WebhookOutcome

# An endpoint that hangs holds its places for ten seconds each: never all of them, and few once it
# is known to fail.
ENDPOINT_CAPS: Final = Caps(working=60, failing=8)


class WebhookChannel(CappedChannel[DueWebhook]):
    """See `Channel`."""

    most: int = 400
    # High enough that one statement leases many lanes.
    least_room: int = 50
    lease: timedelta = deliveries.WEBHOOK_LEASE
    # A try has to end before the lease does, even if the lease is not renewed.
    needs: timedelta = timedelta(seconds=deliveries.TIMEOUT_SECONDS)

    def __init__(self, context: Context) -> None:
        super().__init__(context, deliveries.lease_due_webhooks, ENDPOINT_CAPS)
        self._health = EndpointHealthUpdates(context)

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
