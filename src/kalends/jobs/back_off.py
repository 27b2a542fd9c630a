"""Back-off for work that fails because the database is not available."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from time import monotonic
from typing import Final

import structlog

log = structlog.get_logger("kalends.jobs")

FIRST_PAUSE: Final = timedelta(seconds=0.2)
LONGEST_OUTAGE_PAUSE: Final = timedelta(seconds=5)


@dataclass
class BackOff:
    """Pauses that grow from failure to failure. The first failure and the recovery are logged, once
    each. `what` names the work in these lines; `about` are their fields."""

    what: str
    about: Mapping[str, str] = field(default_factory=dict)
    is_failing: bool = False
    _pause: timedelta = FIRST_PAUSE
    _succeeded_at: float = 0.0

    def failed(self, error: Exception) -> None:
        if not self.is_failing:
            log.warning(f"{self.what} wait for the database", **self.about, error=repr(error))
            if monotonic() - self._succeeded_at > LONGEST_OUTAGE_PAUSE.total_seconds():
                self._pause = FIRST_PAUSE
        self.is_failing = True

    def succeeded(self) -> None:
        if self.is_failing:
            log.info(f"{self.what} run again", **self.about)
        self.is_failing, self._succeeded_at = False, monotonic()

    def pause(self) -> float:
        """How many seconds to wait before the next try: twice as long each time, up to a limit."""
        self._pause, now = min(self._pause * 2, LONGEST_OUTAGE_PAUSE), self._pause
        return now.total_seconds()
