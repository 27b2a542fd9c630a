"""How long a request may wait for the database; a door to `store` for `web`, which may not import
it."""

from contextlib import AbstractContextManager
from typing import Final

from kalends.store import time_budget
from kalends.store.database import ANSWER_SECONDS
from kalends.store.time_budget import FailedWait, TimeBudget

__all__ = ["FailedWait", "TimeBudget", "request_time_budget"]

WITHIN_SECONDS: Final = ANSWER_SECONDS


def request_time_budget() -> AbstractContextManager[TimeBudget]:
    """All statements in the block together take at most the time that a request has."""
    return time_budget.within_budget(WITHIN_SECONDS)
