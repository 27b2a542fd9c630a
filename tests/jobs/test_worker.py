"""Jobs run once, later, again or not at all, as they were asked to."""

import asyncio
import time
from collections import Counter
from collections.abc import Mapping
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from kalends.compose import Installation
from kalends.domain.access import Mode
from kalends.jobs import running_jobs, worker
from kalends.jobs.registry import Job, Timed
from kalends.jobs.running_jobs import RunningJobs
from kalends.runtime import unit_of_work
from kalends.runtime.unit_of_work import Caller, Context, UnitOfWork
from kalends.store.jobs import NewJob, enqueue_job, enqueue_jobs
from tests.jobs.conftest import Notes
from tests.jobs.workers import JobRunner, eventually, jobs_running, note

SOMEONE = Caller(uuid4(), Mode.LIVE, "test")


async def enqueue(context: Context, *jobs: NewJob) -> None:
    async with context.database.transaction() as tx:
        await enqueue_jobs(tx, jobs)


async def find_jobs(context: Context) -> list[Mapping[str, Any]]:
    async with context.database.connection() as tx:
        return list(await tx.fetch("SELECT * FROM pgqueuer WHERE entrypoint ~ '^test'"))


async def test_a_job_runs_if_and_only_if_its_transaction_committed(
    context: Context, notes: Notes
) -> None:
    async def book_and_change_your_mind(work: UnitOfWork) -> None:
        await enqueue_job(work.tx, "test.note", b"rolled back")
        raise ValueError("changed")

    async def book(work: UnitOfWork) -> None:
        await enqueue_job(work.tx, "test.note", b"committed")

    async with jobs_running(context):
        with pytest.raises(ValueError, match="changed"):
            await unit_of_work.change(context, SOMEONE, book_and_change_your_mind)
        await unit_of_work.change(context, SOMEONE, book)
        await eventually(notes)
        await asyncio.sleep(0.2)

    assert await notes() == ["committed"]
    assert await find_jobs(context) == []


async def test_each_job_runs_once_though_two_workers_wait_for_it(
    home: Installation, context: Context, notes: Notes
) -> None:
    url = home.parameters.dsn or ""
    with JobRunner(url), JobRunner(url):
        await eventually(lambda: two_workers_listen(context))
        await enqueue(context, *(NewJob("test.note", b"%d" % n) for n in range(500)))
        await eventually(lambda: is_empty(context))

    assert Counter(await notes()) == {str(n): 1 for n in range(500)}


async def test_jobs_that_wait_for_one_host_leave_places_to_others(
    context: Context, notes: Notes
) -> None:
    async def hang(_: Context, __: bytes) -> None:
        await asyncio.Event().wait()

    jobs = {"test.ask": Job(hang, asks="a host"), "test.note": Job(note)}
    async with jobs_running(context, jobs, at_once=8):
        await enqueue(context, *(NewJob("test.ask", b"%d" % n) for n in range(50)))
        await enqueue(context, NewJob("test.note", b"done"))
        await eventually(notes)


async def test_jobs_that_hang_leave_places_to_other_organizations(
    context: Context, notes: Notes
) -> None:
    """Though they wait for the same to answer."""
    hung, free = uuid4(), uuid4()

    async def ask(context: Context, payload: bytes) -> None:
        if payload == free.bytes:
            await note(context, b"answered")
        else:
            await asyncio.Event().wait()

    job = Job(ask, organization_of=lambda payload: UUID(bytes=payload), asks="calendars")
    async with jobs_running(context, {"test.ask": job}, at_once=16):
        await enqueue(context, *(NewJob("test.ask", hung.bytes) for _ in range(50)))
        await enqueue(context, NewJob("test.ask", free.bytes))
        await eventually(notes)


async def test_short_jobs_of_one_organization_wait_for_one_another(context: Context) -> None:
    """They would come back from the queue after fifteen seconds."""
    organization_id, done = uuid4(), Counter[bytes]()

    async def ask(_: Context, payload: bytes) -> None:
        await asyncio.sleep(0.02)
        done[payload] += 1

    job = Job(ask, organization_of=lambda _: organization_id, asks="calendars")
    async with jobs_running(context, {"test.ask": job}, at_once=8), asyncio.timeout(8):
        await enqueue(context, *(NewJob("test.ask", b"%d" % n) for n in range(20)))
        while done.total() < 20:
            await asyncio.sleep(0.02)
    assert set(done.values()) == {1}


async def test_nobody_waits_for_long_jobs_to_end(monkeypatch: pytest.MonkeyPatch) -> None:
    """Also where they come to an end one after the other."""
    monkeypatch.setattr(running_jobs, "MOVING_SECONDS", 0.05)
    running, about = RunningJobs(4), (uuid4(), "calendars")
    with running.admit(*about):
        with running.admit(*about):
            await asyncio.sleep(0.1)
        with running.admit(*about):
            waiting = asyncio.create_task(running.wait_for_turn(*about))
            await asyncio.sleep(0)
            assert waiting.done()


async def test_a_killed_workers_job_is_taken_over(
    home: Installation, context: Context, notes: Notes
) -> None:
    with JobRunner(home.parameters.dsn or "") as worker:
        await enqueue(context, NewJob("test.hang", b"taken"))
        await eventually(notes)
        worker.process.kill()
    async with jobs_running(context, {"test.hang": Job(note)}):
        await eventually(lambda: is_empty(context))

    assert await notes() == ["taken", "taken"]


async def test_a_job_waits_for_its_time(context: Context, notes: Notes) -> None:
    later = NewJob("test.note", b"later", run_after=timedelta(seconds=1))
    async with jobs_running(context):
        began = time.monotonic()
        await enqueue(context, later, NewJob("test.note", b"now"))
        await eventually(lambda: is_empty(context))
        took = time.monotonic() - began

    assert await notes() == ["now", "later"]
    assert took >= 1


async def test_a_job_that_fails_is_run_again_and_at_last_kept(
    context: Context, notes: Notes
) -> None:
    async def fail(context: Context, payload: bytes) -> None:
        await note(context, payload)
        raise ValueError("no such luck")

    soon = timedelta(milliseconds=10)
    async with jobs_running(context, {"test.fail": Job(fail, retry_after=(soon, soon))}):
        await enqueue(context, NewJob("test.fail", b"tried"))
        await eventually(lambda: is_kept(context))

    assert await notes() == ["tried"] * 3
    [job] = await find_jobs(context)
    assert (job["status"], job["attempts"]) == ("failed", 2)
    assert "no such luck" in await why_it_failed(context, job["id"])


async def test_a_job_that_asks_for_it_is_run_again(context: Context, notes: Notes) -> None:
    async def ask_twice(context: Context, payload: bytes) -> timedelta | None:
        await note(context, payload)
        return timedelta(milliseconds=10) if len(await notes()) < 3 else None

    async with jobs_running(context, {"test.again": Job(ask_twice, retry_after=())}):
        await enqueue(context, NewJob("test.again", b"asked"))
        await eventually(lambda: is_empty(context))

    assert await notes() == ["asked"] * 3


async def test_running_again_uses_up_no_try_for_failures(context: Context, notes: Notes) -> None:
    async def ask_twice_and_fail(context: Context, payload: bytes) -> timedelta | None:
        await note(context, payload)
        count = len(await notes())
        if count == 3:
            raise ValueError("once")
        return timedelta(milliseconds=10) if count < 3 else None

    soon = timedelta(milliseconds=10)
    async with jobs_running(context, {"test.again": Job(ask_twice_and_fail, retry_after=(soon,))}):
        await enqueue(context, NewJob("test.again", b"asked"))
        await eventually(lambda: is_empty(context))

    assert await notes() == ["asked"] * 4


async def test_a_worker_that_ends_finishes_what_it_began(context: Context, notes: Notes) -> None:
    async def slow(context: Context, payload: bytes) -> None:
        await note(context, b"began")
        await asyncio.sleep(0.5)
        await note(context, b"finished")

    async with jobs_running(context, {"test.slow": Job(slow)}):
        await enqueue(context, NewJob("test.slow", b""))
        await eventually(notes)

    assert await notes() == ["began", "finished"]
    assert await find_jobs(context) == []


async def test_a_worker_that_ends_puts_back_what_takes_too_long(
    context: Context, notes: Notes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(worker, "FINISH_WITHIN", timedelta(seconds=0.2))
    async with jobs_running(context):
        await enqueue(context, NewJob("test.hang", b"began"))
        await eventually(notes)

    [job] = await find_jobs(context)
    assert (job["status"], job["attempts"]) == ("queued", 0)


async def test_jobs_come_back_when_their_connection_is_lost(context: Context, notes: Notes) -> None:
    async with jobs_running(context):
        await enqueue(context, NewJob("test.note", b"before"))
        await eventually(lambda: is_empty(context))
        async with context.database.connection() as tx:
            await tx.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                "WHERE application_name = 'kalends jobs'"
            )
        await enqueue(context, NewJob("test.note", b"after"))
        await eventually(lambda: is_empty(context))

    assert await notes() == ["before", "after"]


async def test_the_timetable_is_kept_though_one_of_its_works_fails(
    context: Context, notes: Notes
) -> None:
    async def fail(context: Context) -> None:
        raise ValueError

    async def tick(context: Context) -> None:
        await note(context, b"tick")

    every_second = "* * * * * */1"
    timetable = {"test fails": Timed(every_second, fail), "test ticks": Timed(every_second, tick)}
    async with jobs_running(context, timetable=timetable):
        await eventually(lambda: has_two(notes))


async def two_workers_listen(context: Context) -> bool:
    async with context.database.connection() as tx:
        listening = await tx.fetchval(
            "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'kalends jobs'"
        )
    return bool(listening >= 2)


async def is_empty(context: Context) -> bool:
    return not await find_jobs(context)


async def is_kept(context: Context) -> bool:
    return [job["status"] for job in await find_jobs(context)] == ["failed"]


async def has_two(notes: Notes) -> bool:
    return len(await notes()) >= 2


async def why_it_failed(context: Context, job_id: int) -> str:
    async with context.database.connection() as tx:
        return bytes(
            await tx.fetchval(
                "SELECT traceback FROM pgqueuer_log WHERE job_id = $1 AND status = 'failed'",
                job_id,
            )
        ).decode()
