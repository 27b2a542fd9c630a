"""Time limits for readings of several requests, beside the limit that each request has."""

import asyncio
from collections.abc import Awaitable
from typing import Final, TypeVar

from kalends.domain.calendars.accounts import DISCOVERY_SECONDS
from kalends.domain.calendars.failures import Unanswered

T = TypeVar("T")

READING_SECONDS: Final = 900.0


async def within_limit(work: Awaitable[T]) -> T | Unanswered:
    """The result of a reading, or Unanswered if it takes too long."""
    return await _within(work, READING_SECONDS, "it was not read within {:g} s")


async def within_discovery(work: Awaitable[T]) -> T | Unanswered:
    """Like `within_limit`, for discovering an account's calendars while a person waits."""
    return await _within(work, DISCOVERY_SECONDS, "no answer within {:g} s")


async def _within(work: Awaitable[T], seconds: float, reason: str) -> T | Unanswered:
    try:
        async with asyncio.timeout(seconds):
            return await work
    except TimeoutError:
        return Unanswered(reason.format(seconds))
