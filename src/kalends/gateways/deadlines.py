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
    try:
        async with asyncio.timeout(READING_SECONDS):
            return await work
    except TimeoutError:
        return Unanswered(f"it was not read within {READING_SECONDS:g} s")


async def within_discovery(work: Awaitable[T]) -> T | Unanswered:
    """The same of looking for an account's calendars, which somebody waits for."""
    try:
        async with asyncio.timeout(DISCOVERY_SECONDS):
            return await work
    except TimeoutError:
        return Unanswered(f"no answer within {DISCOVERY_SECONDS:g} s")
