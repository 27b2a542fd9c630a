"""Judging endpoints beside all else, so that no delivery waits for a verdict on another's."""

import asyncio
from collections import deque
from collections.abc import Sequence
from typing import Final
from uuid import UUID

import structlog

from kalends.domain.errors import Unavailable
from kalends.runtime.unit_of_work import Context
from kalends.services.endpoint_health import update_health
from kalends.store.outbox.deliveries import DeliveryOutcome

log = structlog.get_logger("kalends.jobs")

MOST_WAITING: Final = 200


class HealthUpdates:
    """One judge at a time for each endpoint; what comes meanwhile is judged next, the latest."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._waiting: dict[UUID, deque[DeliveryOutcome]] = {}
        self._at_work: dict[UUID, asyncio.Task[None]] = {}

    def hear(self, outcomes: Sequence[DeliveryOutcome]) -> None:
        """Has them judged soon; returns at once."""
        for outcome in outcomes:
            endpoint_id = outcome.lane.endpoint_id
            waiting = self._waiting.setdefault(endpoint_id, deque(maxlen=MOST_WAITING))
            waiting.append(outcome)
            if endpoint_id not in self._at_work:
                self._at_work[endpoint_id] = asyncio.create_task(self._judge(endpoint_id))

    async def stop(self) -> None:
        """Gives up what is not judged; the next tries say it again."""
        for task in self._at_work.values():
            task.cancel()
        if self._at_work:
            await asyncio.wait(list(self._at_work.values()))

    async def _judge(self, endpoint_id: UUID) -> None:
        try:
            while waiting := self._waiting.pop(endpoint_id, None):
                await update_health(self._context, list(waiting))
        except Unavailable as error:
            log.warning("an endpoint was not judged", endpoint=str(endpoint_id), error=repr(error))
        except Exception:
            # It must not stop deliveries, and the next try brings it up again.
            log.exception("an endpoint was not judged", endpoint=str(endpoint_id))
        finally:
            self._waiting.pop(endpoint_id, None)
            del self._at_work[endpoint_id]
