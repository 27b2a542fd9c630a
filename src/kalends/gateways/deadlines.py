"""One limit for all the requests of one reading; each of them has its own."""

import asyncio
from collections.abc import Awaitable
from typing import Final, TypeVar

from kalends.domain.calendars.accounts import DISCOVERY_SECONDS
from kalends.domain.calendars.failures import Unanswered

T = TypeVar("T")

READING_SECONDS: Final = 900.0


async def within_limit(work: Awaitable[T]) -> T | Unanswered:
    """What comes of it, unless it takes too long."""
    return await _within(work, READING_SECONDS, "it was not read within {:g} s")


async def within_discovery(work: Awaitable[T]) -> T | Unanswered:
    """The same of looking for an account's calendars, which somebody waits for."""
    return await _within(work, DISCOVERY_SECONDS, "no answer within {:g} s")


async def _within(work: Awaitable[T], seconds: float, reason: str) -> T | Unanswered:
    try:
        async with asyncio.timeout(seconds):
            return await work
    except TimeoutError:
        return Unanswered(reason.format(seconds))
