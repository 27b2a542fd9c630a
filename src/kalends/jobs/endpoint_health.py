"""Updates the health of webhook endpoints in background tasks, so that no delivery waits for the
health of another endpoint."""

import asyncio
from collections import deque
from collections.abc import Sequence
from typing import Final
from uuid import UUID

import structlog

from kalends.domain.errors import Unavailable
from kalends.runtime.unit_of_work import Context
from kalends.services.webhooks.health import update_health
from kalends.store.outbox.webhook_lanes import WebhookOutcome

log = structlog.get_logger("kalends.jobs")

MOST_WAITING: Final = 200


class EndpointHealthUpdates:
    """One update at a time for each endpoint. The next one gets the outcomes that arrive meanwhile,
    the latest of them if there are too many."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._waiting: dict[UUID, deque[WebhookOutcome]] = {}
        self._running: dict[UUID, asyncio.Task[None]] = {}

    def add(self, outcomes: Sequence[WebhookOutcome]) -> None:
        """Has the health of their endpoints updated soon; returns at once."""
        for outcome in outcomes:
            endpoint_id = outcome.lane.destination_id
            waiting = self._waiting.setdefault(endpoint_id, deque(maxlen=MOST_WAITING))
            waiting.append(outcome)
            if endpoint_id not in self._running:
                self._running[endpoint_id] = asyncio.create_task(self._update(endpoint_id))

    async def stop(self) -> None:
        """Drops what waits: the next tries update the health again."""
        for task in self._running.values():
            task.cancel()
        if self._running:
            await asyncio.wait(list(self._running.values()))

    async def _update(self, endpoint_id: UUID) -> None:
        try:
            while waiting := self._waiting.pop(endpoint_id, None):
                await update_health(self._context, list(waiting))
        except Unavailable as error:
            log.warning(
                "the health of an endpoint was not updated",
                endpoint=str(endpoint_id),
                error=repr(error),
            )
        except Exception:
            # A failed update must not stop deliveries: the next try updates the health again.
            log.exception("the health of an endpoint was not updated", endpoint=str(endpoint_id))
        finally:
            self._waiting.pop(endpoint_id, None)
            del self._running[endpoint_id]
