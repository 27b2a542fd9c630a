"""Why requests were answered with 503, for whoever reads the log at night."""

from collections import Counter
from time import monotonic
from typing import Final

import structlog

from kalends.runtime.time_budget import FailedWait

log = structlog.get_logger("kalends.http")

# Of one route and one reason: while the database is away, every request fails alike.
SAID_AGAIN_AFTER_SECONDS: Final = 10.0
# By somebody who raised Unavailable without a wait.
NO_WAIT: Final = FailedWait("nothing", "it was refused at once")


class UnavailableLog:
    """One warning for each route and what its requests waited for in vain, at most every ten
    seconds; the next one says how many there were since."""

    def __init__(self) -> None:
        self._said_at: dict[tuple[str, str], float] = {}
        self._since: Counter[tuple[str, str]] = Counter()

    def note(self, request_id: str, route: str, wait: FailedWait | None, seconds: float) -> None:
        """A request to the route, a pattern, was answered with 503 after so many seconds."""
        wait = wait or NO_WAIT
        kind = (route, wait.waited_for)
        now = monotonic()
        if now - self._said_at.get(kind, float("-inf")) < SAID_AGAIN_AFTER_SECONDS:
            self._since[kind] += 1
            return
        self._said_at[kind] = now
        log.warning(
            "answered with 503",
            route=route,
            waited_for=wait.waited_for,
            why=wait.why,
            seconds=round(seconds, 2),
            request_id=request_id,
            more_since_the_last=self._since.pop(kind, 0),
        )
