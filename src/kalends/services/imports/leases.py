"""The lease of a run: one worker holds it at a time, and another may take over when it lapses.

A worker may be suspended at any moment and wake up after another has taken its run. So each of its
transactions first renews the lease in the run's row, and fails if another has the run. What decides
about giving up (since when the source has not answered, how often it asked for a pause, when the
run began) is stored in that row, too, for whichever worker goes on.
"""

import asyncio
from datetime import timedelta
from typing import Final
from uuid import UUID

from msgspec import Struct, json

from kalends.domain.errors import KalendsError, code_of
from kalends.domain.ids import new_id
from kalends.domain.imports.runs import ImportRun, RunState
from kalends.domain.imports.sources import NO_TROUBLE, Trouble
from kalends.runtime.unit_of_work import Caller, Context, UnitOfWork
from kalends.store.imports import connections, runs
from kalends.store.imports.names import RUN_JOB
from kalends.store.jobs import enqueue_job

LEASE: Final = timedelta(seconds=15)
MOST_SKIPS: Final = 100


class DueRun(Struct, frozen=True):
    """The payload of a run's job."""

    organization_id: UUID
    run_id: UUID


class LeaseLost(Exception):
    """Another worker has the run now, or the run is over."""


class RunLease:
    """A worker's lease, on one run after the other. `run` is the row as last read, `trouble` what
    its account has met."""

    run: ImportRun

    def __init__(self, context: Context, caller: Caller) -> None:
        self._context = context
        self._organization_id = caller.organization_id
        self._holder = new_id()
        self._began = 0.0
        self.trouble = NO_TROUBLE

    async def acquire(self, run_id: UUID) -> bool:
        """Tries to take the lease of the run; whether this worker has it now."""
        async with self._context.database.tenant_connection(self._organization_id) as tenant:
            leased = await runs.acquire_lease(tenant, run_id, self._holder, LEASE)
        if leased is None:
            return False
        self.run, self.trouble = leased.run, leased.trouble
        self._began = asyncio.get_running_loop().time() - leased.age_seconds
        return True

    @property
    def age_seconds(self) -> float:
        """Seconds since the first worker began the run."""
        return asyncio.get_running_loop().time() - self._began

    async def reload(self) -> None:
        """Reads the run again. Raises LeaseLost if it is over."""
        async with self._context.database.tenant_connection(self._organization_id) as tenant:
            run = await runs.find_run(tenant, self.run.id)
        if run is None or run.is_over:
            raise LeaseLost
        self.run = run

    async def hold(self, work: UnitOfWork) -> None:
        """Runs first in each transaction of the run: locks the lease until it ends. Raises
        LeaseLost."""
        if not await runs.hold_run(work.tenant, self.run.id, self._holder, LEASE):
            raise LeaseLost

    async def renew(self, seconds: float, trouble: Trouble) -> None:
        """Extends the lease to that many seconds from now, and records what the account has met.
        Raises LeaseLost."""
        self.trouble = trouble
        lease = LEASE + timedelta(seconds=seconds)
        async with self._context.database.tenant_connection(self._organization_id) as tenant:
            if not await runs.renew_lease(tenant, self.run.id, self._holder, lease, trouble):
                raise LeaseLost

    async def hand_over(self, work: UnitOfWork, seconds: float) -> None:
        """Releases the lease and queues a job that goes on after that time, unless another worker
        has the run already."""
        after = timedelta(seconds=seconds)
        run_id, trouble = self.run.id, self.trouble
        if await runs.release_run(work.tenant, run_id, self._holder, after, trouble):
            await enqueue_run(work, run_id, after)

    async def end(self, work: UnitOfWork, error: KalendsError | None) -> None:
        """Ends the run. Raises LeaseLost."""
        if not await end_run(work, self.run, error, self._holder):
            raise LeaseLost


async def enqueue_run(work: UnitOfWork, run_id: UUID, after: timedelta) -> None:
    """Queues a job that goes on with the run, not before that time."""
    payload = json.encode(DueRun(work.organization_id, run_id))
    if after > timedelta(0):
        await enqueue_job(work.tx, RUN_JOB, payload, after)
    else:
        await work.enqueue_job(RUN_JOB, payload)


def organization_of(payload: bytes) -> UUID:
    """The organization of the job's run."""
    return json.decode(payload, type=DueRun).organization_id


async def end_run(
    work: UnitOfWork, run: ImportRun, error: KalendsError | None, holder: UUID | None
) -> bool:
    """Ends the run if it is not over and has that holder (None: if nobody holds it)."""
    if error is None and not run.has_range and run.generation and run.mark:
        await connections.set_changed_since(work.tenant, run.generation, run.mark)
    return await runs.finish_run(
        work.tenant,
        run,
        holder,
        RunState.FAILED if error else RunState.DONE,
        error=error.message if error else None,
        code=code_of(error) if error else None,
        now=work.recorded_at,
        most_skips=MOST_SKIPS,
    )
