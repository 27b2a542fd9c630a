"""Real worker processes for the tests, with jobs of their own that write down what they did.

python -m tests.jobs.workers URL
"""

import asyncio
import os
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final, Self

from kalends.jobs.registry import Job, Timed
from kalends.jobs.worker import JOBS_AT_ONCE, WorkerIntervals, run_jobs
from kalends.runtime.sealing import Seal
from kalends.runtime.unit_of_work import Context
from kalends.store.database import ConnectParameters, Database
from tests.forking import start_python

QUICK: Final = WorkerIntervals(
    heartbeat_timeout=timedelta(seconds=2), poll_interval=timedelta(seconds=1)
)


async def note(context: Context, payload: bytes) -> None:
    async with context.database.connection() as tx:
        await tx.execute("INSERT INTO job_notes VALUES ($1)", payload.decode())


async def note_and_hang(context: Context, payload: bytes) -> None:
    await note(context, payload)
    await asyncio.sleep(60)


JOBS: Final = {"test.note": Job(note), "test.hang": Job(note_and_hang)}


def context_for(url: str) -> Context:
    return Context(Database(ConnectParameters(dsn=url), 5), Seal("0" * 32))


@dataclass
class JobRunner:
    """`run_jobs` in a process of its own."""

    url: str
    process: subprocess.Popen[bytes] = field(init=False)

    def __enter__(self) -> Self:
        words = ("-m", "tests.jobs.workers", self.url)
        self.process = start_python(*words, env=os.environ, stdin=subprocess.DEVNULL)
        return self

    def __exit__(self, *_: object) -> None:
        self.process.kill()
        self.process.wait(10)


@asynccontextmanager
async def jobs_running(
    context: Context,
    jobs: Mapping[str, Job] = JOBS,
    timetable: Mapping[str, Timed] = {},
    at_once: int = JOBS_AT_ONCE,
) -> AsyncIterator[None]:
    """Runs jobs in this process while the block lasts."""
    task = asyncio.create_task(run_jobs(context, jobs, timetable, QUICK, at_once))
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def eventually(is_so: Callable[[], Awaitable[object]], within_seconds: float = 60) -> None:
    """Waits until the coroutine function says yes."""
    until = time.monotonic() + within_seconds
    while not await is_so():
        assert time.monotonic() < until, f"not within {within_seconds} s: {is_so}"
        await asyncio.sleep(0.05)


if __name__ == "__main__":
    asyncio.run(run_jobs(context_for(sys.argv[1]), JOBS, {}, QUICK))
