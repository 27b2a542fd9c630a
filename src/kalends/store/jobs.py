"""The queue: jobs are written in the transaction of what they follow from.

The tables are PgQueuer's (docs/decisions/0004-jobs.md). Taking jobs out is PgQueuer's business;
putting them in is one statement of ours, as the request path needs nothing else of the library:
it costs a third of a second to import, and its own statement wants JSON in another shape than our
connections speak, and three rows in the log for every job.

A job has no organization of its own: its payload names one.
"""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from datetime import datetime, timedelta
from typing import Final

import asyncpg
from msgspec import Struct

from kalends.store.connection import connect
from kalends.store.database import SESSION_OF_JOBS, ConnectParameters, Tx
from kalends.store.failures import AWAY
from kalends.store.rows import lists_of

# The time is PostgreSQL's, as that of taking them out is.
ENQUEUE: Final = """
INSERT INTO pgqueuer (priority, status, entrypoint, payload, execute_after)
SELECT 0, 'queued', entrypoint, payload, now() + run_after
FROM unnest($1::text[], $2::bytea[], $3::interval[]) WITH ORDINALITY
    AS job (entrypoint, payload, run_after, position)
ORDER BY position
"""
COUNT: Final = """
SELECT entrypoint, status::text, count(*) FROM pgqueuer
WHERE status IN ('queued', 'picked') GROUP BY entrypoint, status ORDER BY entrypoint, status
"""
FAILED: Final = """
SELECT j.id, j.entrypoint, coalesce(j.payload, ''), j.attempts + 1, j.updated, coalesce((
    SELECT traceback ->> 'exception_message' FROM pgqueuer_log
    WHERE job_id = j.id AND traceback IS NOT NULL ORDER BY created DESC, id DESC LIMIT 1), '')
FROM pgqueuer j WHERE j.status = 'failed' ORDER BY j.updated DESC, j.id DESC LIMIT $1
"""
RETRY: Final = """
UPDATE pgqueuer SET status = 'queued', attempts = 0, execute_after = now(), updated = now(),
    queue_manager_id = NULL
WHERE status = 'failed' AND ($1::bigint[] IS NULL OR id = ANY($1)) RETURNING id
"""
SPARE: Final = "UPDATE pgqueuer SET attempts = attempts - 1 WHERE id = $1"
# Everything the manager asks is small; what takes longer has lost its server.
STATEMENT_SECONDS: Final = 10
CLOSE_SECONDS: Final = 1


class NewJob(Struct, frozen=True):
    """Which job, with what, and how long from now it may begin; in the order of ENQUEUE."""

    entrypoint: str
    payload: bytes
    run_after: timedelta = timedelta(0)


async def enqueue_job(
    tx: Tx, entrypoint: str, payload: bytes, run_after: timedelta = timedelta(0)
) -> None:
    """Puts a job in the queue if, and only if, the transaction commits."""
    await enqueue_jobs(tx, [NewJob(entrypoint, payload, run_after)])


async def enqueue_jobs(tx: Tx, jobs: Sequence[NewJob]) -> None:
    """The same for several jobs, in one statement. They may run in any order."""
    await tx.execute(ENQUEUE, *lists_of(NewJob, jobs))


async def spare_a_try(tx: Tx, job_id: int) -> None:
    """Takes back the try that is counted when a job is put back into the queue."""
    await tx.execute(SPARE, job_id)


@asynccontextmanager
async def queue_connection(parameters: ConnectParameters) -> AsyncIterator[asyncpg.Connection]:
    """The connection of one who takes jobs out: it listens, so it is no pool's.

    Raises what the driver raises.
    """
    connection = await connect(
        parameters, command_timeout=STATEMENT_SECONDS, server_settings=SESSION_OF_JOBS
    )
    try:
        yield connection
    finally:
        with suppress(*AWAY):
            await connection.close(timeout=CLOSE_SECONDS)


class FailedJob(Struct, frozen=True):
    """A job that was given up and is kept. `reason` is the last error, as it was noted."""

    id: int
    entrypoint: str
    payload: bytes
    tries: int
    failed_at: datetime
    reason: str


class Waiting(Struct, frozen=True):
    """How many jobs of a kind there are in a state."""

    entrypoint: str
    status: str
    count: int


async def count_jobs(tx: Tx) -> list[Waiting]:
    """The jobs that wait or run, of all organizations."""
    return [Waiting(*row) for row in await tx.fetch(COUNT)]


async def list_failed_jobs(tx: Tx, limit: int) -> list[FailedJob]:
    """The jobs that were given up, the latest first."""
    return [FailedJob(*row) for row in await tx.fetch(FAILED, limit)]


async def retry_jobs(tx: Tx, job_ids: Sequence[int] | None) -> list[int]:
    """Puts jobs that were given up back into the queue, with the whole timetable before them; None
    is all of them. Returns those that were."""
    return [row[0] for row in await tx.fetch(RETRY, job_ids)]
