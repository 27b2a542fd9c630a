"""Retrying requests to Cal.com: the failures of the latest requests, and the pauses that follow."""

import random
import time
from typing import Final

from msgspec import Struct

from kalends.domain.gateways import OutboundResponse
from kalends.domain.imports.sources import Trouble

BACKOFF_SECONDS: Final = (0.25, 0.5, 1.0, 2.0, 4.0, 8.0)
RATE_LIMIT_SECONDS: Final = 60
LONGEST_RATE_LIMIT_SECONDS: Final = 300
RESET_HEADERS: Final = ("x-ratelimit-reset-default", "x-ratelimit-reset", "retry-after")


class PassingFailure(Struct, frozen=True):
    """A failure that may be over by the next attempt; the reason is a part of a sentence."""

    reason: str


class GarbledAnswer(Struct, frozen=True):
    """An answer that is not JSON; the reason is a sentence."""

    reason: str


class TroubleMeter:
    """The failures so far, measured by the clock of this process."""

    def __init__(self, trouble: Trouble) -> None:
        self.tries, self.limits, self.garbled = trouble.tries, trouble.limits, trouble.garbled
        self._silent_since: float | None = None
        if trouble.silent_seconds is not None:
            self._silent_since = time.monotonic() - trouble.silent_seconds
        self._began = 0.0

    @property
    def silent_seconds(self) -> float:
        """The time since the first unanswered request; 0 if the last request was answered."""
        return 0.0 if self._silent_since is None else time.monotonic() - self._silent_since

    @property
    def trouble(self) -> Trouble:
        return Trouble(
            silent_seconds=None if self._silent_since is None else self.silent_seconds,
            tries=self.tries,
            limits=self.limits,
            garbled=self.garbled,
        )

    def begin(self) -> None:
        """Notes that a request is sent now."""
        self._began = time.monotonic()

    def answered(self) -> None:
        self.tries = self.limits = self.garbled = 0
        self._silent_since = None

    def answered_with_limit(self) -> None:
        self.limits += 1
        self.tries = 0
        self._silent_since = None

    def failed(self, failure: PassingFailure | GarbledAnswer) -> float:
        """Notes a failure; returns the seconds to wait before the next attempt."""
        if self._silent_since is None:
            self._silent_since = self._began
        self.garbled += isinstance(failure, GarbledAnswer)
        self.tries += 1
        number = min(self.tries, len(BACKOFF_SECONDS)) - 1
        return BACKOFF_SECONDS[number] * random.uniform(0.8, 1.2)


def seconds_to_reset(answer: OutboundResponse) -> float:
    """How long a 429 asks us to wait, and a little more."""
    for name in RESET_HEADERS:
        text = answer.headers.get(name, "").strip()
        if text.isascii() and text.isdigit():
            return min(float(text), LONGEST_RATE_LIMIT_SECONDS) + random.uniform(0.05, 0.25)
    return RATE_LIMIT_SECONDS
