"""Long work in pieces, between which others get their turn."""

import asyncio
from collections.abc import AsyncIterator, Iterable
from typing import TypeVar

T = TypeVar("T")


async def cooperatively(pieces: Iterable[T]) -> AsyncIterator[T]:
    """The pieces, each made when it is asked for. After each of them every other task that can go
    on does: neither a thread nor a limit keeps others from waiting for one that computes, since it
    holds the interpreter."""
    for piece in pieces:
        yield piece
        await asyncio.sleep(0)
