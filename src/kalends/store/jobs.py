"""The queue: jobs are written in the transaction of what they follow from.

The tables are PgQueuer's (docs/decisions/0004-jobs.md). Taking jobs out is PgQueuer's business;
putting them in is one statement of ours, as the request path needs nothing else of the library:
it costs a third of a second to import, and its own statement wants JSON in another shape than our
connections speak, and three rows in the log for every job.

A job has no organization of its own: its payload names one.
"""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from datetime import timedelta
from typing import Final

import asyncpg
from msgspec import Struct

from kalends.store.database import AWAY, SESSION, ConnectParameters, Tx

# The time is PostgreSQL's, as that of taking them out is.
ENQUEUE: Final = """
INSERT INTO pgqueuer (priority, status, entrypoint, payload, execute_after)
SELECT 0, 'queued', entrypoint, payload, now() + run_after
FROM unnest($1::text[], $2::bytea[], $3::interval[]) WITH ORDINALITY
    AS job (entrypoint, payload, run_after, position)
ORDER BY position
"""
# Everything the manager asks is small; what takes longer has lost its server.
STATEMENT_SECONDS: Final = 10
CLOSE_SECONDS: Final = 1
# Unlike a request's, its statements are few and always the same: generic plans are right.
QUEUE_SESSION: Final = SESSION | {
    "plan_cache_mode": "auto",
    "application_name": "kalends jobs",
}


class NewJob(Struct, frozen=True):
    """Which job, with what, and how long from now it may begin."""

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
    await tx.execute(
        ENQUEUE,
        [job.entrypoint for job in jobs],
        [job.payload for job in jobs],
        [job.run_after for job in jobs],
    )


@asynccontextmanager
async def queue_connection(parameters: ConnectParameters) -> AsyncIterator[asyncpg.Connection]:
    """The connection of one who takes jobs out: it listens, so it is no pool's.

    Raises what the driver raises.
    """
    connection = await asyncpg.connect(
        command_timeout=STATEMENT_SECONDS,
        server_settings=QUEUE_SESSION,
        **parameters.as_arguments(),
    )
    try:
        yield connection
    finally:
        with suppress(*AWAY):
            await connection.close(timeout=CLOSE_SECONDS)
