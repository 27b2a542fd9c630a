"""Rate limits: counts requests of the running minute in memory, and shares the counts with other
processes twice a second.

They meet in one unlogged table, so a limit holds for the whole installation to within a second,
and a request costs no query.
"""

import time
from collections.abc import Callable

from msgspec import Struct

from kalends.availability.interval import MINUTE_SECONDS
from kalends.store.database import Database
from kalends.store.rate_windows import add_to_windows, forget_windows


class RateWindow(Struct, frozen=True):
    """The state of a subject's running minute after a request; `resets_at` is in Unix seconds."""

    limit: int
    remaining: int
    resets_at: int
    is_allowed: bool


class RateLimiter:
    """The counts of this process, and those of the others as of the last sharing. A subject is an
    API key or an address."""

    def __init__(self, clock: Callable[[], float] = time.time) -> None:
        self._clock = clock
        self._started = 0
        self._mine: dict[str, int] = {}
        self._unsent: dict[str, int] = {}
        self._others: dict[str, int] = {}

    def hit(self, subject: str, limit: int) -> RateWindow:
        """Counts one request of the subject, unless it is refused."""
        started = self._turn()
        used = self._mine.get(subject, 0) + self._others.get(subject, 0)
        if used >= limit:
            return RateWindow(limit, 0, started + MINUTE_SECONDS, is_allowed=False)
        self._mine[subject] = self._mine.get(subject, 0) + 1
        self._unsent[subject] = self._unsent.get(subject, 0) + 1
        return RateWindow(limit, limit - used - 1, started + MINUTE_SECONDS, is_allowed=True)

    def seconds_to(self, window: RateWindow) -> int:
        """Seconds until the window's minute ends, at least one."""
        return max(1, window.resets_at - int(self._clock()))

    async def share(self, database: Database) -> None:
        """Adds what was counted since the last time to the table, and reads the totals.

        Raises Unavailable; counts that could not be sent are sent the next time.
        """
        started = self._turn()
        sending, self._unsent = self._unsent, {}
        if not sending:
            return
        try:
            async with database.connection() as tx:
                totals = await add_to_windows(tx, started, sending)
                await forget_windows(tx, started - 2 * MINUTE_SECONDS)
        except BaseException:
            for subject, count in sending.items():
                self._unsent[subject] = self._unsent.get(subject, 0) + count
            raise
        if started == self._started:
            for subject, total in totals.items():
                mine_sent = self._mine.get(subject, 0) - self._unsent.get(subject, 0)
                self._others[subject] = max(0, total - mine_sent)

    def _turn(self) -> int:
        """The start of the running minute; a new one begins with empty counts."""
        started = int(self._clock()) // MINUTE_SECONDS * MINUTE_SECONDS
        if started != self._started:
            self._started = started
            self._mine, self._unsent, self._others = {}, {}, {}
        return started
