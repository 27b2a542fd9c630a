"""Fakes in a thread of their own, as another process would be."""

import asyncio
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractAsyncContextManager, contextmanager
from typing import TypeVar

T = TypeVar("T")
SECONDS = 60


@contextmanager
def served_in_a_thread(open_server: Callable[[], AbstractAsyncContextManager[T]]) -> Iterator[T]:
    """The server, in an event loop of its own, while the block runs."""
    is_up, servers = threading.Event(), list[T]()
    loop = asyncio.new_event_loop()
    is_over = asyncio.Event()

    async def serve() -> None:
        async with open_server() as server:
            servers.append(server)
            is_up.set()
            await is_over.wait()

    thread = threading.Thread(target=loop.run_until_complete, args=(serve(),))
    thread.start()
    assert is_up.wait(SECONDS)
    try:
        yield servers[0]
    finally:
        loop.call_soon_threadsafe(is_over.set)
        thread.join(SECONDS)
        loop.close()
