"""The queue of jobs, which are written in the transaction that they follow from.

The tables are PgQueuer's (docs/decisions/0004-jobs.md), which also takes jobs out. Putting jobs in
is a statement of our own, as requests need nothing else of the library: it takes a third of a
second to import, and its statement wants JSON in another form than our connections have it, and
writes three log rows for every job.

A job has no column for its organization; its payload names one.
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

# It uses PostgreSQL's clock, as taking jobs out does.
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
# All queries of PgQueuer's manager are small; one that takes longer has lost its server.
STATEMENT_SECONDS: Final = 10
CLOSE_SECONDS: Final = 1


class NewJob(Struct, frozen=True):
    """A job to enqueue: its entrypoint, its payload, and how long to wait before it may begin; in
    the order of ENQUEUE."""

    entrypoint: str
    payload: bytes
    run_after: timedelta = timedelta(0)


async def enqueue_job(
    tx: Tx, entrypoint: str, payload: bytes, run_after: timedelta = timedelta(0)
) -> None:
    """Puts a job in the queue if, and only if, the transaction commits."""
    await enqueue_jobs(tx, [NewJob(entrypoint, payload, run_after)])


async def enqueue_jobs(tx: Tx, jobs: Sequence[NewJob]) -> None:
    """Puts several jobs in the queue, in one statement. They may run in any order."""
    await tx.execute(ENQUEUE, *lists_of(NewJob, jobs))


async def spare_a_try(tx: Tx, job_id: int) -> None:
    """Undoes the attempt that was counted when the job was put back into the queue."""
    await tx.execute(SPARE, job_id)


@asynccontextmanager
async def queue_connection(parameters: ConnectParameters) -> AsyncIterator[asyncpg.Connection]:
    """A connection for taking jobs out. It listens to notifications, so it is not from the pool.

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
    """A job that was given up and is kept. `reason` is its last error."""

    id: int
    entrypoint: str
    payload: bytes
    tries: int
    failed_at: datetime
    reason: str


class Waiting(Struct, frozen=True):
    """How many jobs of a kind are in a state."""

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
    """Puts jobs that were given up back into the queue, with all attempts ahead of them; None means
    all such jobs. Returns those that were put back."""
    return [row[0] for row in await tx.fetch(RETRY, job_ids)]
