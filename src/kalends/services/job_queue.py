"""The queue as an operator sees it: what waits, what was given up, and running that again."""

from collections.abc import Sequence
from typing import NamedTuple

from kalends.runtime.unit_of_work import Context
from kalends.store import jobs
from kalends.store.jobs import FailedJob, Waiting
from kalends.store.notifier import JOBS_CHANNEL

MOST_FAILED_JOBS = 500


class JobQueue(NamedTuple):
    """What waits or runs, by kind; and what was given up, the latest first."""

    waiting: list[Waiting]
    failed: list[FailedJob]


async def get_queue(context: Context) -> JobQueue:
    """Over all organizations."""
    async with context.database.connection() as tx:
        return JobQueue(
            await jobs.count_jobs(tx), await jobs.list_failed_jobs(tx, MOST_FAILED_JOBS)
        )


async def retry_jobs(context: Context, job_ids: Sequence[int] | None) -> list[int]:
    """Has jobs that were given up run again (None is all of them). Returns those that will."""
    async with context.database.transaction() as tx:
        again = await jobs.retry_jobs(tx, job_ids)
    context.database.notifier.notify(JOBS_CHANNEL)
    return again
