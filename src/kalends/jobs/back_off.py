"""Times when nothing works, and how soon to try again."""

from dataclasses import dataclass
from datetime import timedelta
from time import monotonic
from typing import Final

import structlog

log = structlog.get_logger("kalends.jobs")

FIRST_PAUSE: Final = timedelta(seconds=0.2)
LONGEST_OUTAGE_PAUSE: Final = timedelta(seconds=5)


@dataclass
class BackOff:
    """From when nothing works until it does again: each end of it is told once."""

    what: str
    is_on: bool = False
    _pause: timedelta = FIRST_PAUSE
    _ended_at: float = 0.0

    def begin(self, error: Exception) -> None:
        if not self.is_on:
            log.warning(f"{self.what} wait for the database", error=repr(error))
            if monotonic() - self._ended_at > LONGEST_OUTAGE_PAUSE.total_seconds():
                self._pause = FIRST_PAUSE
        self.is_on = True

    def end(self) -> None:
        if self.is_on:
            log.info(f"{self.what} run again")
        self.is_on, self._ended_at = False, monotonic()

    def pause(self) -> float:
        """How many seconds to wait before the next attempt: longer each time."""
        self._pause, now = min(self._pause * 2, LONGEST_OUTAGE_PAUSE), self._pause
        return now.total_seconds()
