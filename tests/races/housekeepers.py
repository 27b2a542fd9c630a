"""A process that does nothing but end bookings whose time has come, again and again.

python -m tests.races.housekeepers URL
"""

import asyncio
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from kalends.runtime.sealing import Seal
from kalends.runtime.unit_of_work import Context
from kalends.services import booking_endings
from kalends.store.database import ConnectParameters, Database
from tests.forking import start_python

# Where nothing is due: those whom they race with need the processor too.
PAUSE_SECONDS = 0.01


@contextmanager
def housekeepers(url: str, count: int) -> Iterator[None]:
    """So many of them, at work while the block is."""
    words = ("-m", "tests.races.housekeepers", url)
    streams: dict[str, Any] = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE}
    running = [start_python(*words, env=os.environ, **streams) for _ in range(count)]
    try:
        for process in running:
            assert process.stdout is not None
            assert process.stdout.readline() == b"at work\n"
        yield
        assert all(process.poll() is None for process in running), "a housekeeper has died"
    finally:
        for process in running:
            process.kill()
            process.wait(10)


async def keep_house(url: str) -> None:
    context = Context(Database(ConnectParameters(dsn=url), 5), Seal("0" * 32))
    is_reported = False
    while True:
        expired = await booking_endings.expire_pending(context)
        completed = await booking_endings.complete_confirmed(context)
        if not is_reported:
            print("at work", flush=True)  # noqa: T201
        is_reported = True
        if not expired + completed:
            await asyncio.sleep(PAUSE_SECONDS)


if __name__ == "__main__":
    asyncio.run(keep_house(sys.argv[1]))
