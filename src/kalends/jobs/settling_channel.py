"""A channel whose lanes are each brought to a state at a provider, rather than sent something."""

import random
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from datetime import timedelta
from time import monotonic
from typing import Any, Final, Generic, TypeVar
from uuid import UUID

from kalends.domain.errors import Unavailable
from kalends.domain.outbox import JITTER, DeliveryAttempt
from kalends.domain.webhook import State
from kalends.formats.encoding import encode_raw
from kalends.jobs.capped_channel import CappedChannel
from kalends.jobs.leases import LeaseOver, while_leased
from kalends.runtime.waits import Waits
from kalends.store.outbox.lanes import CappedLane, Postponed
from kalends.store.outbox.recording import DeliveryOutcome, Recorded

FIRST_RETRY: Final = timedelta(seconds=5)
DATABASE_PAUSE: Final = timedelta(seconds=1)
UNKNOWN_PAUSE: Final = timedelta(minutes=5)
NOT_TRIED: Final = "it could not be tried; the log says why"

Lane = TypeVar("Lane", bound=CappedLane)
Outcome = TypeVar("Outcome", bound=DeliveryOutcome)


class SettlingChannel(CappedChannel[Lane], ABC, Generic[Lane, Outcome]):
    """See `Channel`. Tries are at most `last_retry` apart, or `last_asked` where the provider asks
    for more."""

    needs: timedelta = timedelta(0)
    outcome: type[Outcome]
    last_retry: timedelta
    last_asked: timedelta

    @abstractmethod
    async def settle(self, lane: Lane) -> Waits | None:
        """One try; None where nothing is left to do."""

    @abstractmethod
    def log_crash(self, lane: Lane) -> None:
        """Says which try raised what nobody expected; that is being handled."""

    @abstractmethod
    async def record(self, organization_id: UUID, outcomes: Sequence[Outcome]) -> Recorded: ...

    async def deliver(
        self, lanes: Sequence[Lane], settle: Callable[[Outcome | Postponed], None]
    ) -> None:
        for lane in lanes:
            settle(await self._try(lane))

    def note_health(self, outcomes: Sequence[Outcome]) -> None:
        """The channel has none: each lane says for itself what it waits for."""

    async def stop(self) -> None:
        """Nothing runs beside."""

    async def _try(self, lane: Lane) -> Outcome | Postponed:
        began = monotonic()
        try:
            waits = await while_leased(lane.lease, self.settle(lane))
        except LeaseOver:
            return Postponed(lane)
        except Unavailable:
            return Postponed(lane, DATABASE_PAUSE)
        except Exception:
            # What is never tried would never end, and must not stop the rest.
            self.log_crash(lane)
            waits = Waits(NOT_TRIED, UNKNOWN_PAUSE)
        if waits is not None and waits.is_postponed:
            return Postponed(lane, waits.after or UNKNOWN_PAUSE)
        return self._outcome(lane, waits, began)

    def _outcome(self, lane: Lane, waits: Waits | None, began: float) -> Outcome:
        attempt = DeliveryAttempt(
            at=self._context.clock(),
            status=None,
            duration_ms=round((monotonic() - began) * 1000),
            error=waits.reason if waits else None,
            response=None,
        )
        values: dict[str, Any] = {
            "lane": lane,
            "state": State.DELIVERED if waits is None else State.PENDING,
            "attempt": encode_raw([attempt]),
            "again_after": None if waits is None else self._pause(lane.tries, waits.after),
        }
        return self.outcome(**values)

    def _pause(self, tries: int, retry_after: timedelta | None) -> timedelta:
        """Longer from try to try, and not before the provider wants it."""
        doubled: int = 1 << min(tries, 20)
        planned = min(FIRST_RETRY * doubled, self.last_retry)
        jittered = planned * random.uniform(1 - JITTER, 1 + JITTER)
        return max(jittered, min(retry_after or timedelta(0), self.last_asked))
