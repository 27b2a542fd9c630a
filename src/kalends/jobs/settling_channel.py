"""A channel that brings something at a provider to its wanted state, rather than sending messages:
an event in a calendar, a link to a call."""

import asyncio
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
# Each question to a provider has a limit of its own; a try asks several.
LONGEST_TRY: Final = timedelta(minutes=5)
TOO_LONG: Final = "it was not done within five minutes"
NOT_TRIED: Final = "it could not be tried; the log says why"

Lane = TypeVar("Lane", bound=CappedLane)
Outcome = TypeVar("Outcome", bound=DeliveryOutcome)


class SettlingChannel(CappedChannel[Lane], ABC, Generic[Lane, Outcome]):
    """See `Channel`. Pauses between tries grow to `last_retry`, or to `last_asked` if the provider
    asks for longer ones. A lane is tried until it is settled."""

    most: int = 64
    least_room: int = 2
    needs: timedelta = timedelta(0)
    outcome: type[Outcome]
    last_retry: timedelta
    last_asked: timedelta

    @abstractmethod
    async def settle(self, lane: Lane) -> Waits | None:
        """Tries once; None if nothing is left to do."""

    @abstractmethod
    def log_crash(self, lane: Lane) -> None:
        """Logs the unexpected exception that is being handled, with what identifies the try."""

    @abstractmethod
    async def record(self, organization_id: UUID, outcomes: Sequence[Outcome]) -> Recorded: ...

    async def deliver(
        self, lanes: Sequence[Lane], settle: Callable[[Outcome | Postponed], None]
    ) -> None:
        for lane in lanes:
            settle(await self._try(lane))

    def note_health(self, outcomes: Sequence[Outcome]) -> None:
        """Does nothing: the channel has no health, and each lane records what it waits for."""

    async def stop(self) -> None:
        """Does nothing: the channel has no background tasks."""

    async def _try(self, lane: Lane) -> Outcome | Postponed:
        """Tries the lane once, and turns whatever happens into an outcome or a postponement."""
        began = monotonic()
        try:
            async with asyncio.timeout(LONGEST_TRY.total_seconds()):
                waits = await while_leased(lane.lease, self.settle(lane))
        except TimeoutError:
            waits = Waits(TOO_LONG)
        except LeaseOver:
            return Postponed(lane)
        except Unavailable:
            return Postponed(lane, DATABASE_PAUSE)
        except Exception:
            # Count it as a failed try, so that the other lanes go on.
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
        """Doubles from try to try, and is at least what the provider asks for."""
        doubled: int = 1 << min(tries, 20)
        planned = min(FIRST_RETRY * doubled, self.last_retry)
        jittered = planned * random.uniform(1 - JITTER, 1 + JITTER)
        return max(jittered, min(retry_after or timedelta(0), self.last_asked))
