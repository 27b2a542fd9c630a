"""Outcomes of tries that could not be written down yet, as somebody holds their rows."""

from collections.abc import Sequence
from dataclasses import dataclass
from time import monotonic
from typing import Final
from uuid import UUID

import structlog

from kalends.store.outbox.deliveries import DeliveryOutcome

log = structlog.get_logger("kalends.jobs")

# A producer holds a lane for milliseconds, a person for minutes.
FIRST_PAUSE_SECONDS: Final = 0.02
LONGEST_RETRY_PAUSE_SECONDS: Final = 1.0
# One too many is forgotten: when the lease of its lane is over, its delivery is tried again.
MOST_ASIDE: Final = 1000


@dataclass
class _Put:
    outcome: DeliveryOutcome
    pause_seconds: float
    due_at: float


class BlockedOutcomes:
    """Each is due again after a pause of its own, which grows; so what is held for long delays
    nothing that is held for a moment."""

    def __init__(self) -> None:
        self._put: dict[int, _Put] = {}
        self._taken: dict[int, _Put] = {}

    @property
    def delivery_ids(self) -> set[UUID | None]:
        """Of what is aside, or was taken and not written down so far."""
        both = [*self._put.values(), *self._taken.values()]
        return {one.outcome.lane.delivery_id for one in both}

    @property
    def outcomes(self) -> list[DeliveryOutcome]:
        return [one.outcome for one in self._put.values()]

    def settle(self, tried: Sequence[DeliveryOutcome], held: Sequence[DeliveryOutcome]) -> None:
        """Of those that were tried, puts the held ones aside; for longer, if they were before."""
        now = monotonic()
        before = {id(outcome): self._taken.pop(id(outcome), None) for outcome in tried}
        for outcome in held:
            was = before[id(outcome)]
            pause = (
                min(was.pause_seconds * 2, LONGEST_RETRY_PAUSE_SECONDS)
                if was
                else FIRST_PAUSE_SECONDS
            )
            self._put[id(outcome)] = _Put(outcome, pause, now + pause)
        while len(self._put) > MOST_ASIDE:
            _, too_many = self._put.popitem()
            endpoint = str(too_many.outcome.lane.endpoint_id)
            log.warning("a delivery is held and will be tried again", endpoint=endpoint)

    def take_due(self) -> list[DeliveryOutcome]:
        """Those whose pause is over; whoever takes them settles what became of it."""
        now = monotonic()
        due = {key: one for key, one in self._put.items() if one.due_at <= now}
        for key, one in due.items():
            del self._put[key]
            self._taken[key] = one
        return [one.outcome for one in due.values()]

    def seconds_to_next(self) -> float | None:
        """None where nothing is aside."""
        if not self._put:
            return None
        return max(min(one.due_at for one in self._put.values()) - monotonic(), 0)
