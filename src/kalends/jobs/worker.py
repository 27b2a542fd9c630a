"""The worker: runs jobs and the timetable, and reconnects whenever the database comes back."""

import asyncio
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

from pgqueuer.adapters.drivers.asyncpg import AsyncpgDriver
from pgqueuer.adapters.persistence.qb import (
    QueryBuilderEnvironment,
    QueryQueueBuilder,
    QuerySchedulerBuilder,
)
from pgqueuer.adapters.persistence.queries import Queries
from pgqueuer.core.executors import ScheduleExecutorFactoryParameters
from pgqueuer.core.qm import QueueManager
from pgqueuer.core.sm import SchedulerManager
from pgqueuer.domain import models
from pgqueuer.domain.settings import DBSettings, Durability
from pgqueuer.domain.types import Channel, QueueEntrypoint

from kalends.jobs.back_off import BackOff
from kalends.jobs.endings import use_endings_buffer
from kalends.jobs.executors import JobExecutor, TimedExecutor
from kalends.jobs.registry import JOBS, TIMETABLE, Job, Timed
from kalends.jobs.running_jobs import RunningJobs
from kalends.runtime.unit_of_work import Context
from kalends.store.jobs import queue_connection

# All fields are given: PgQueuer would read the others from environment variables such as CHANNEL.
QUEUE_SETTINGS: Final = DBSettings(
    prefix="",
    db_schema=None,
    channel=Channel("ch_pgqueuer"),
    function="fn_pgqueuer_changed",
    statistics_table="pgqueuer_statistics",
    queue_status_type="pgqueuer_status",
    queue_table="pgqueuer",
    queue_table_log="pgqueuer_log",
    trigger="tg_pgqueuer_changed",
    schedules_table="pgqueuer_schedules",
    durability=Durability.durable,
    widen_id=False,
)
JOBS_AT_ONCE: Final = 100
LARGEST_BATCH: Final = 25
# The share of the places for jobs that ask the same (`Job.asks`); and the size of a batch, as a
# share of the places. A batch may exceed the first limit, since that is checked before it.
SHARE_OF_ASKING: Final = 1 / 2
SHARE_OF_BATCH: Final = 1 / 8
FINISH_WITHIN: Final = timedelta(seconds=5)
PUT_BACK_WITHIN: Final = timedelta(seconds=2)


@dataclass(frozen=True)
class WorkerIntervals:
    """How soon the jobs of a dead worker are taken over: at the latest after the sum of both.

    A living worker sends heartbeats, at least one in 0.8 `heartbeat_timeout`. Each polls for the
    jobs of silent workers, and for jobs of which it was not notified.
    """

    heartbeat_timeout: timedelta = timedelta(seconds=15)
    poll_interval: timedelta = timedelta(seconds=10)


async def run_jobs(
    context: Context,
    jobs: Mapping[str, Job] = JOBS,
    timetable: Mapping[str, Timed] = TIMETABLE,
    intervals: WorkerIntervals = WorkerIntervals(),
    at_once: int = JOBS_AT_ONCE,
) -> None:
    """Runs jobs, `at_once` of them at a time, and the timetable until cancelled, and starts again
    whenever the database comes back. Any number of processes may do this at once.

    When cancelled it takes no more jobs, gives those that run five seconds, puts the unfinished
    ones back into the queue, and ends.
    """
    # `BackOff` logs an outage once; PgQueuer would log it ten times a second.
    logging.getLogger("pgqueuer").propagate = False
    use_endings_buffer()
    back_off = BackOff("jobs")
    while True:
        try:
            async with queue_connection(context.database.parameters) as connection:
                worker = _Worker(connection, context, jobs, timetable, intervals, at_once)
                await worker.run(back_off.succeeded)
        except Exception as error:
            # Whatever is wrong (database away, restarting, not migrated yet, being restored): jobs
            # wait, and requests are served meanwhile.
            back_off.failed(error)
        await asyncio.sleep(back_off.pause())


@dataclass
class _SharedQueue(QueueManager):
    """A queue that takes no jobs of a kind that `is_full`."""

    is_full: Callable[[str], bool] = lambda _: False

    def entrypoints_below_capacity_limits(self) -> set[QueueEntrypoint]:
        return {name for name in self.entrypoint_registry if not self.is_full(name)}


class _Worker:
    """Takes and runs jobs for as long as one connection lasts."""

    def __init__(
        self,
        connection: Any,
        context: Context,
        jobs: Mapping[str, Job],
        timetable: Mapping[str, Timed],
        intervals: WorkerIntervals,
        at_once: int,
    ) -> None:
        self._intervals = intervals
        self._at_once = at_once
        self._jobs = jobs
        self._shutdown = asyncio.Event()
        connection.add_termination_listener(lambda _: self._shutdown.set())
        self._running = RunningJobs(max(1, int(at_once * SHARE_OF_ASKING)))
        self._queries = Queries(
            AsyncpgDriver(connection),
            QueryBuilderEnvironment(QUEUE_SETTINGS),
            QueryQueueBuilder(QUEUE_SETTINGS),
            QuerySchedulerBuilder(QUEUE_SETTINGS),
        )
        self._queue = _SharedQueue(self._queries, QUEUE_SETTINGS.channel, is_full=self._is_full)
        self._timetable = SchedulerManager(self._queries)
        self._queue.shutdown = self._timetable.shutdown = self._shutdown
        for name, job in jobs.items():
            self._queue.register_executor(name, JobExecutor(job, context, self._running))
        for name, timed in timetable.items():
            self._timetable.schedule(name, timed.cron, _executor_of(timed, context))(_nothing)

    async def run(self, on_started: Callable[[], None]) -> None:
        """Works until cancelled. Raises ConnectionError when the connection is lost, or the error
        that ended the queue or the timetable."""
        await self._queue.verify_structure()
        on_started()
        parts = [asyncio.create_task(self._take_jobs())]
        if self._timetable.registry:
            parts.append(asyncio.create_task(self._timetable.run()))
        try:
            await asyncio.wait(parts, return_when=asyncio.FIRST_COMPLETED)
        finally:
            await self._end(parts)
        for part in parts:
            if part.done() and not part.cancelled():
                part.result()
        raise ConnectionError("the connection was lost")

    async def _take_jobs(self) -> None:
        await self._queue.run(
            dequeue_timeout=self._intervals.poll_interval,
            batch_size=min(max(1, int(self._at_once * SHARE_OF_BATCH)), LARGEST_BATCH),
            max_concurrent_tasks=self._at_once,
            shutdown_on_listener_failure=True,
            heartbeat_timeout=self._intervals.heartbeat_timeout,
            log_aggregation_interval=timedelta(0),
        )

    def _is_full(self, name: str) -> bool:
        """Whether jobs of that name have to wait until one that asks the same has ended."""
        asks = self._jobs[name].asks
        return asks is not None and self._running.is_full(asks)

    async def _end(self, parts: list[asyncio.Task[None]]) -> None:
        self._shutdown.set()
        await asyncio.wait(parts, timeout=FINISH_WITHIN.total_seconds())
        self._running.cancel()
        await asyncio.wait(parts[:1], timeout=PUT_BACK_WITHIN.total_seconds())
        for part in parts:
            part.cancel()
        await asyncio.wait(parts, timeout=PUT_BACK_WITHIN.total_seconds())


def _executor_of(
    timed: Timed, context: Context
) -> Callable[[ScheduleExecutorFactoryParameters], TimedExecutor]:
    return lambda parameters: TimedExecutor(parameters, timed, context)


async def _nothing(_: models.Schedule) -> None:
    """PgQueuer requires a function here, and never calls it: the executor does the work."""
