"""Who works on runs of the sync: takes one, goes on with it, and ends it or hands it over.

A worker may be stopped at any moment and wake when another has its run. So each of its
transactions first renews its lease in the run's row, and does nothing where the run is not its own
any more; and all that ends a run for good (since when Cal.com does not answer, how often it asked
for a pause, when the run began) stands in that row too.
"""

import asyncio
import math
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from msgspec import Struct, json

from kalends.domain.errors import KalendsError, code_of
from kalends.domain.ids import new_id
from kalends.domain.imports.runs import (
    OVERLAP,
    ImportConnection,
    ImportRun,
    RowOutcome,
    RunState,
    plan_walks,
)
from kalends.domain.imports.sources import (
    NO_TROUBLE,
    NoAnswer,
    SourceAccount,
    SourcePage,
    Trouble,
    Walk,
)
from kalends.runtime import unit_of_work as working
from kalends.runtime.unit_of_work import Caller, Context, UnitOfWork
from kalends.services.imports.accounts import adopt_rows, identify, with_account
from kalends.services.imports.connections import (
    SourceFailed,
    error_of,
    open_account,
    require_connection,
)
from kalends.services.imports.importer import BookingImporter, read_listed
from kalends.store.imports import connections, imported_bookings, runs
from kalends.store.jobs import enqueue_job

RUN_JOB: Final = "calcom.run"
LEASE: Final = timedelta(seconds=15)
# A server that shows new rows for ever is left after that.
LONGEST_RUN: Final = timedelta(days=1)
BATCH: Final = 25
# Between two batches, as long as the one before took, so that requests are not held up: half of
# the machine at most, and slow where the machine is.
LONGEST_REST_SECONDS: Final = 0.04
MOST_SKIPS: Final = 100
# Taking a row out of the way may make way for another.
MOST_PASSES: Final = 3

ReportProgress = Callable[[ImportRun, int | None], None]


class DueRun(Struct, frozen=True):
    """A run that somebody has to go on with."""

    organization_id: UUID
    run_id: UUID


def organization_of(payload: bytes) -> UUID:
    """Whose run the job goes on with."""
    return json.decode(payload, type=DueRun).organization_id


class HandOver(Exception):
    """There is no more time here; go on after so many seconds."""

    def __init__(self, seconds: float) -> None:
        super().__init__()
        self.seconds = seconds


class _LeaseLost(Exception):
    """Somebody else has the run now."""


async def enqueue_run(work: UnitOfWork, run_id: UUID, after: timedelta) -> None:
    """Has a job go on with the run, not before that."""
    payload = json.encode(DueRun(work.organization_id, run_id))
    if after > timedelta(0):
        await enqueue_job(work.tx, RUN_JOB, payload, after)
    else:
        await work.enqueue_job(RUN_JOB, payload)


async def end_run(
    work: UnitOfWork, run: ImportRun, error: KalendsError | None, holder: UUID | None
) -> bool:
    """Writes the end down, if the run is the holder's (None: nobody's) and not over yet."""
    if error is None and not run.has_range and run.generation and run.mark:
        await connections.set_mark(work.tenant, run.generation, run.mark)
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


class RunWorker:
    """Who works on runs of one organization, one after the other."""

    def __init__(
        self,
        context: Context,
        caller: Caller,
        deadline: float | None,
        progress: ReportProgress | None,
        longest_pause: float = math.inf,
    ) -> None:
        self._context = context
        self._caller = caller
        self._deadline = deadline
        self._progress = progress
        self._longest_pause = longest_pause
        self._holder = new_id()
        self._has_handed_over = False
        self._run: ImportRun
        self._trouble = NO_TROUBLE
        self._ends_at = math.inf

    async def take(self, run_id: UUID) -> bool:
        """Whether the run is ours to work on."""
        async with self._context.database.tenant_connection(self._caller.organization_id) as tenant:
            taken = await runs.acquire_lease(tenant, run_id, self._holder, LEASE)
        if taken is None:
            return False
        self._run, self._trouble = taken.run, taken.trouble
        left = LONGEST_RUN.total_seconds() - taken.age_seconds
        self._ends_at = asyncio.get_running_loop().time() + left
        return True

    async def find(self, run_id: UUID) -> ImportRun | None:
        async with self._context.database.tenant_connection(self._caller.organization_id) as tenant:
            return await runs.find_run(tenant, run_id)

    async def find_other(self) -> UUID | None:
        async with self._context.database.tenant_connection(self._caller.organization_id) as tenant:
            return await runs.find_run_at_work(tenant)

    @property
    def has_no_time(self) -> bool:
        """Whether others have to go on from here."""
        now = asyncio.get_running_loop().time()
        is_late = self._deadline is not None and now >= self._deadline
        return is_late or self._has_handed_over

    async def work(self) -> None:
        """Works on the run that was taken, until it is over, handed over, or lost."""
        try:
            await self._finish(await self._work_through())
        except HandOver as wait:
            self._has_handed_over = True
            await working.change(self._context, self._caller, self._hand_over, wait.seconds)
        except _LeaseLost:
            return

    async def _work_through(self) -> KalendsError | None:
        """What ended the run; None where it came to its end."""
        connection = await self._plan()
        if isinstance(connection, KalendsError):
            return connection
        try:
            account = open_account(
                self._context,
                connection,
                self._context.gateways.calcom_patience_seconds,
                self._pause,
                self._trouble,
            )
        except KalendsError as error:
            return error
        bringer = BookingImporter(self._context, self._caller, connection, self._run, self._hold)
        try:
            bringer.connection = await with_account(self._context, connection, account)
            while walks := self._run.walks:
                await self._walk(account, bringer, walks)
            await self._settle(account, bringer)
        except SourceFailed as failed:
            return error_of(failed.failure)
        return None

    async def _plan(self) -> ImportConnection | KalendsError:
        """The connection, and what the run has to walk, if that was not said before."""
        try:
            connection = await require_connection(self._context, self._run.organization_id)
        except KalendsError as error:
            return error
        if self._run.walks is None:
            await working.change(self._context, self._caller, self._write_plan, connection)
            await self._read_again()
        return connection

    async def _write_plan(self, work: UnitOfWork, connection: ImportConnection) -> None:
        await self._hold(work)
        run = self._run
        since: datetime = work.recorded_at
        if not run.has_range and connection.changed_since is None:
            begun = await connections.begin_walk(
                work.tenant, connection.generation, work.recorded_at
            )
            since = begun or since
        unstamped = await imported_bookings.find_oldest_unstamped(work.tenant)
        walks = plan_walks(run, connection, unstamped)
        await runs.plan_run(
            work.tenant,
            run.id,
            walks,
            connection.generation,
            since - OVERLAP,
        )

    async def _walk(
        self, account: SourceAccount, bringer: BookingImporter, walks: Sequence[Walk]
    ) -> None:
        async for page in account.walk(walks[0]):
            if not isinstance(page, SourcePage):
                raise SourceFailed(page)
            left = [*([page.next] if page.next else []), *walks[1:]]
            batches = [page.rows[i : i + BATCH] for i in range(0, len(page.rows), BATCH)] or [[]]
            for number, batch in enumerate(batches, 1):
                began = asyncio.get_running_loop().time()
                shown_rows = await read_listed(batch, page.asked_at)
                is_last = number == len(batches)
                await bringer.bring(shown_rows, self._note_walks(left) if is_last else None)
                took = asyncio.get_running_loop().time() - began
                await asyncio.sleep(min(took, LONGEST_REST_SECONDS))
            await self._read_again()
            if self._progress:
                self._progress(self._run, page.total)
            if bringer.connection.account is None:
                bringer.connection = await identify(self._context, bringer.connection, account)

    def _note_walks(self, left: Sequence[Walk]) -> Callable[[UnitOfWork], Any]:
        """Writes down where to go on, in the transaction that brings in what was walked."""

        async def note(work: UnitOfWork) -> None:
            run = self._run
            await runs.note_walks(work.tenant, run.id, left)
            is_first_walk = not run.has_range and len(left) == 1
            if is_first_walk and left[0].after is not None and run.generation is not None:
                await connections.note_walked_to(work.tenant, run.generation, left[0].after)

        return note

    async def _settle(self, account: SourceAccount, bringer: BookingImporter) -> None:
        """What was left out, by this run or an earlier one, is tried again, now that all was
        seen."""
        await adopt_rows(self._context, bringer.connection)
        for _ in range(MOST_PASSES):
            after, has_moved = "", False
            while uids := await self._list_kept(bringer.connection, after):
                await self._pause(0, self._trouble)
                verdicts = await bringer.settle(account, uids)
                has_moved |= any(v.outcome == RowOutcome.SYNCED for v in verdicts)
                after = uids[-1]
            if not has_moved:
                break

    async def _list_kept(self, connection: ImportConnection, after: str) -> list[str]:
        async with self._context.database.tenant_connection(self._caller.organization_id) as tenant:
            return await imported_bookings.list_kept(tenant, connection.account, after, BATCH)

    async def _finish(self, error: KalendsError | None) -> None:
        await working.change(self._context, self._caller, self._write_end, error)

    async def _write_end(self, work: UnitOfWork, error: KalendsError | None) -> None:
        if not await end_run(work, self._run, error, self._holder):
            raise _LeaseLost

    async def _hand_over(self, work: UnitOfWork, seconds: float) -> None:
        """Lets a job go on, unless somebody has the run already."""
        is_ours = await runs.release_run(
            work.tenant,
            self._run.id,
            self._holder,
            timedelta(seconds=seconds),
            self._trouble,
        )
        if is_ours:
            await enqueue_run(work, self._run.id, timedelta(seconds=seconds))

    async def _pause(self, seconds: float, trouble: Trouble) -> None:
        """Waits with the run in our hands. Raises HandOver where the time is not there, _Lost
        where the run is not ours any more."""
        self._trouble = trouble
        now = asyncio.get_running_loop().time()
        if now >= self._ends_at:
            raise SourceFailed(NoAnswer("it shows new bookings without an end"))
        is_late = self._deadline is not None and now + seconds >= self._deadline
        if is_late or seconds > self._longest_pause:
            raise HandOver(seconds)
        async with self._context.database.tenant_connection(self._caller.organization_id) as tenant:
            is_ours = await runs.renew_lease(
                tenant,
                self._run.id,
                self._holder,
                LEASE + timedelta(seconds=seconds),
                trouble,
            )
        if not is_ours:
            raise _LeaseLost
        await asyncio.sleep(seconds)

    async def _hold(self, work: UnitOfWork) -> None:
        """The first thing in each transaction of the run: until it ends, nobody takes the run.
        Raises _Lost where somebody has."""
        is_ours = await runs.hold_run(work.tenant, self._run.id, self._holder, LEASE)
        if not is_ours:
            raise _LeaseLost

    async def _read_again(self) -> None:
        run = await self.find(self._run.id)
        if run is None or run.is_over:
            raise _LeaseLost
        self._run = run
