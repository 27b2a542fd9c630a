"""One limit for all the requests of one reading; each of them has its own."""

import asyncio
from collections.abc import Awaitable
from typing import Final, TypeVar

from kalends.domain.calendars.failures import Unanswered

T = TypeVar("T")

READING_SECONDS: Final = 900.0


async def within_limit(work: Awaitable[T]) -> T | Unanswered:
    """What comes of it, unless it takes too long."""
    try:
        async with asyncio.timeout(READING_SECONDS):
            return await work
    except TimeoutError:
        return Unanswered(f"it was not read within {READING_SECONDS:g} s")
