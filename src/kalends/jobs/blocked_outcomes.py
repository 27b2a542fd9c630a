"""Outcomes that cannot be recorded yet because somebody has locked their rows."""

from collections.abc import Sequence
from dataclasses import dataclass
from time import monotonic
from typing import Final
from uuid import UUID

import structlog

from kalends.store.outbox.recording import DeliveryOutcome

log = structlog.get_logger("kalends.jobs")

# A transaction that appends to a lane locks it for milliseconds; a person with a SQL client, for
# minutes.
FIRST_PAUSE_SECONDS: Final = 0.02
LONGEST_RETRY_PAUSE_SECONDS: Final = 1.0
# An outcome beyond these is dropped: its delivery is tried again when its lane's lease is over.
MOST_BLOCKED: Final = 1000


@dataclass
class _Blocked:
    outcome: DeliveryOutcome
    pause_seconds: float
    due_at: float


class BlockedOutcomes:
    """Blocked outcomes, each with a growing pause of its own, so that a row that is locked for long
    does not delay one that is locked for a moment."""

    def __init__(self) -> None:
        self._waiting: dict[int, _Blocked] = {}
        self._retried: dict[int, _Blocked] = {}

    @property
    def delivery_ids(self) -> set[UUID | None]:
        """The deliveries whose outcomes wait, or were taken and are not recorded yet."""
        both = [*self._waiting.values(), *self._retried.values()]
        return {blocked.outcome.lane.delivery_id for blocked in both}

    @property
    def outcomes(self) -> list[DeliveryOutcome]:
        return [blocked.outcome for blocked in self._waiting.values()]

    def settle(self, tried: Sequence[DeliveryOutcome], locked: Sequence[DeliveryOutcome]) -> None:
        """Keeps those of the `tried` outcomes whose rows are `locked`, with twice the pause if they
        were kept before."""
        now = monotonic()
        before = {id(outcome): self._retried.pop(id(outcome), None) for outcome in tried}
        for outcome in locked:
            was = before[id(outcome)]
            pause = (
                min(was.pause_seconds * 2, LONGEST_RETRY_PAUSE_SECONDS)
                if was
                else FIRST_PAUSE_SECONDS
            )
            self._waiting[id(outcome)] = _Blocked(outcome, pause, now + pause)
        while len(self._waiting) > MOST_BLOCKED:
            _, too_many = self._waiting.popitem()
            destination = str(too_many.outcome.lane.destination_id)
            log.warning("a delivery is locked and will be tried again", destination=destination)

    def take_due(self) -> list[DeliveryOutcome]:
        """Takes the outcomes whose pause is over, to record them again; `settle` must follow."""
        now = monotonic()
        due = {key: blocked for key, blocked in self._waiting.items() if blocked.due_at <= now}
        for key, blocked in due.items():
            del self._waiting[key]
            self._retried[key] = blocked
        return [blocked.outcome for blocked in due.values()]

    def seconds_to_next(self) -> float | None:
        """Seconds until the next outcome is due; None if none waits."""
        if not self._waiting:
            return None
        return max(min(blocked.due_at for blocked in self._waiting.values()) - monotonic(), 0)
