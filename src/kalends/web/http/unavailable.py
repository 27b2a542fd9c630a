"""The log of requests that were answered with 503: what they waited for in vain."""

from collections import Counter
from time import monotonic
from typing import Final

import structlog

from kalends.runtime.time_budget import FailedWait
from kalends.web.http.metrics import count_unavailable

log = structlog.get_logger("kalends.http")

# For one route and one reason: while the database is away, every request fails the same way.
SAID_AGAIN_AFTER_SECONDS: Final = 10.0
# Stands for the wait where Unavailable was raised without one.
NO_WAIT: Final = FailedWait("nothing", "it was refused at once")


class UnavailableLog:
    """Logs at most one warning in ten seconds for each pair of route and thing waited for; the
    next warning says how many requests failed in between."""

    def __init__(self) -> None:
        self._said_at: dict[tuple[str, str], float] = {}
        self._since: Counter[tuple[str, str]] = Counter()

    def note(self, request_id: str, route: str, wait: FailedWait | None, seconds: float) -> None:
        """Notes a request that was answered with 503 after `seconds`; `route` is a path pattern."""
        wait = wait or NO_WAIT
        count_unavailable(wait.waited_for)
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
