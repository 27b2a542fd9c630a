"""Splits long computations, so that other tasks of the event loop run in between."""

import asyncio
from collections.abc import AsyncIterator, Iterable
from typing import TypeVar

T = TypeVar("T")


async def cooperatively(pieces: Iterable[T]) -> AsyncIterator[T]:
    """Yields the pieces, each computed when it is needed, and lets every other ready task run after
    each. A thread would not help: the computation would hold the interpreter lock."""
    for piece in pieces:
        yield piece
        await asyncio.sleep(0)
