"""Exact limits for attempts such as signing in, counted in the database for all processes together.

Requests have the cheaper `rate_limits`, which hold to within a second.
"""

import hashlib
import time
from typing import Final

from kalends.availability.interval import MINUTE_SECONDS
from kalends.domain.errors import RateLimited
from kalends.runtime.unit_of_work import UnitOfWork
from kalends.store.rate_windows import add_to_windows

# Several people may share a network address.
ADDRESS_FACTOR: Final = 3


class LimitedAttempt:
    """One attempt at something (`at`) for an account, from a network address.

    `limit` is the number of attempts a minute for one account from one address; 0 is no limit. An
    address has three times as many for all accounts together. Attempts from other addresses never
    lock an account.
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
        """Raises RateLimited if there were more attempts in this minute than are allowed."""
        if any(count > self._limits[subject] for subject, count in counts.items()):
            seconds = self._seconds_left
            raise RateLimited(
                f"Too many attempts at {self._at}. Try again in {seconds} s.", seconds
            )

    async def count(self, work: UnitOfWork, by: int) -> dict[str, int]:
        """Adds to the counts (a negative `by` takes back) and returns them, in one statement."""
        if not self._is_limited:
            return {}
        return await add_to_windows(work.tx, self._window, dict.fromkeys(self._limits, by))


def _subject(kind: str, text: str) -> str:
    """The subject's name in the table of counts; the hash hides the address."""
    return f"{kind} {hashlib.sha256(text.encode()).hexdigest()}"
