"""What PgQueuer is told of jobs that ended: together, until it is written, and before the end."""

import asyncio
from typing import Any, cast

from kalends.jobs.endings import EndingsBuffer

FULL = 5


class Log:
    """Where endings are written; at first it fails as often as it is told to."""

    def __init__(self, failures: int = 0) -> None:
        self.written: list[list[Any]] = []
        self.failures = failures
        self.was_written = asyncio.Event()

    async def log_jobs(self, job_status: list[Any]) -> None:
        if self.failures:
            self.failures -= 1
            raise ConnectionError("away")
        self.written.append(job_status)
        self.was_written.set()


def ending(name: str) -> Any:
    return cast(Any, name)


async def test_what_ends_soon_after_is_written_with_it() -> None:
    log = Log()
    async with EndingsBuffer(FULL, repository=log) as buffer:
        for name in ("one", "two"):
            await buffer.add(ending(name))
        await log.was_written.wait()
        assert log.written == [["one", "two"]]
        log.was_written.clear()
        await buffer.add(ending("three"))
        await log.was_written.wait()
    assert log.written == [["one", "two"], ["three"]]


async def test_as_many_as_fit_are_written_at_once() -> None:
    log = Log()
    async with EndingsBuffer(FULL, repository=log) as buffer:
        buffer.timeout *= 1_000
        for number in range(FULL):
            await buffer.add(ending(str(number)))
        await log.was_written.wait()
    assert log.written == [["0", "1", "2", "3", "4"]]


async def test_what_cannot_be_written_is_tried_again() -> None:
    log = Log(failures=3)
    async with EndingsBuffer(FULL, repository=log) as buffer:
        await buffer.add(ending("one"))
        await log.was_written.wait()
    assert log.written == [["one"]]


async def test_what_has_ended_is_written_before_the_end() -> None:
    log = Log()
    async with EndingsBuffer(FULL, repository=log) as buffer:
        buffer.timeout *= 1_000
        await buffer.add(ending("one"))
    assert log.written == [["one"]]


async def test_nothing_wakes_while_nothing_ends() -> None:
    log = Log()
    before = asyncio.all_tasks()
    async with EndingsBuffer(FULL, repository=log) as buffer:
        await buffer.add(ending("one"))
        await log.was_written.wait()
        while asyncio.all_tasks() - before:
            await asyncio.sleep(0.01)
