"""A CalDAV server with one calendar, in a process of its own, so that what it costs is counted for
nobody."""

import asyncio
import multiprocessing
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing.connection import Connection
from typing import Final

from tests.fakes.caldav import difficult_caldav

READY_WITHIN_SECONDS: Final = 60


@contextmanager
def caldav_of(objects: dict[str, bytes]) -> Iterator[str]:
    """The address of a server whose calendar has these objects, by name; it ends with the block."""
    spawn = multiprocessing.get_context("spawn")
    ours, theirs = spawn.Pipe()
    process = spawn.Process(target=_serve, args=(theirs, objects), daemon=True)
    process.start()
    try:
        if not ours.poll(READY_WITHIN_SECONDS):
            raise SystemExit("the CalDAV server did not start")
        yield ours.recv()
    finally:
        process.terminate()
        process.join()


def _serve(ready: Connection, objects: dict[str, bytes]) -> None:
    async def serve() -> None:
        async with difficult_caldav() as server:
            server.lists_work_alone = True
            for name, data in objects.items():
                server.put(name, data)
            ready.send(server.url)
            await asyncio.Event().wait()

    asyncio.run(serve())
