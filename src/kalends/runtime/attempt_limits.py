"""Attempts that are limited exactly, over all processes: at signing in, at asking for a link."""

import hashlib
import time
from typing import Final

from kalends.availability.interval import MINUTE_SECONDS
from kalends.domain.errors import RateLimited
from kalends.runtime.unit_of_work import UnitOfWork
from kalends.store.rate_windows import add_to_windows

# Several people may share an address.
ADDRESS_FACTOR: Final = 3


class LimitedAttempt:
    """One attempt at something for an account, from a network address, and its counts.

    `limit` is how many there may be in a minute for an account from one address (0 is without
    limit); an address has three times as many. Nobody is kept out by attempts from elsewhere.
    """

    def __init__(self, at: str, email: str, address: str, limit: int) -> None:
        now = int(time.time())
        self._limits = {
            _subject(f"{at} account", f"{email.lower()} {address}"): limit,
            _subject(f"{at} address", address): limit * ADDRESS_FACTOR,
        }
        self._at = at
        self._is_limited = limit > 0
        self._window = now // MINUTE_SECONDS * MINUTE_SECONDS
        self._seconds_left = max(1, self._window + MINUTE_SECONDS - now)

    def check(self, counts: dict[str, int]) -> None:
        """Raises RateLimited where there were more attempts than are allowed."""
        if any(count > self._limits[subject] for subject, count in counts.items()):
            seconds = self._seconds_left
            raise RateLimited(
                f"Too many attempts at {self._at}. Try again in {seconds} s.", seconds
            )

    async def count(self, work: UnitOfWork, by: int) -> dict[str, int]:
        """Counts the attempt (or takes it back) and returns the counts: one atomic statement."""
        if not self._is_limited:
            return {}
        return await add_to_windows(work.tx, self._window, dict.fromkeys(self._limits, by))


def _subject(kind: str, text: str) -> str:
    """A name in the table of counts, of which no address can be read."""
    return f"{kind} {hashlib.sha256(text.encode()).hexdigest()}"
