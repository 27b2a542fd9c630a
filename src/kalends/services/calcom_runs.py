"""Runs of the sync: begun by a call, the timetable or the command line; worked on by one at a time,
in a request for a while, then in a job; gone on with by another where a process dies.

What is still to be walked is written down with the rows of each page, in one transaction. Who
works on a run holds its lease and renews it; of an organization one run is at work at a time, and
the others wait. No transaction is open while anybody waits for the network.
"""

import asyncio
import math
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from msgspec import Struct, json

from kalends.domain.access import ADMINS
from kalends.domain.calcom_account import Account, Failure, Page, Walk
from kalends.domain.calcom_sync import (
    OVERLAP,
    Connection,
    Outcome,
    Run,
    RunState,
    plan_walks,
)
from kalends.domain.errors import (
    CalcomKeyRefused,
    CalcomNotConfigured,
    CalcomUnavailable,
    CalcomUnsupported,
    Forbidden,
    KalendsError,
    NotFound,
    code_of,
)
from kalends.domain.ids import RUN, new_id, shown
from kalends.services import work as working
from kalends.services.bringing import Bringer, CalcomFailed, read_listed
from kalends.services.calcom import (
    caller_from_calcom,
    error_of,
    open_account,
    require_connection,
)
from kalends.services.work import Caller, Context, Work
from kalends.store import import_runs, imports, integrations
from kalends.store.jobs import enqueue_job
from kalends.store.organizations import list_memberships

RUN_JOB: Final = "calcom.run"
LEASE: Final = timedelta(seconds=15)
ASK_AGAIN: Final = timedelta(seconds=5)
# A job that has to wait longer makes room for others and comes back.
LONGEST_PAUSE_OF_A_JOB: Final = 3.0
WAIT_SECONDS: Final = 20.0
POLL_SECONDS: Final = 0.2
# For the first answer of all, which says whether there is anything to sync with.
LOOK_PATIENCE_SECONDS: Final = 5.0
PATIENCE_SECONDS: Final = 60.0
BATCH: Final = 25
# Between two batches, as long as the one before took, so that requests are not held up: half of
# the machine at most, and slow where the machine is.
LONGEST_REST_SECONDS: Final = 0.04
MOST_SKIPS: Final = 100
# Taking a row out of the way may make way for another.
MOST_PASSES: Final = 3
FAILURES: Final = (
    CalcomNotConfigured,
    CalcomKeyRefused,
    CalcomUnsupported,
    CalcomUnavailable,
)

Progress = Callable[[Run, int | None], None]
Span = tuple[datetime | None, datetime | None]


class Due(Struct, frozen=True):
    """A run that somebody has to go on with."""

    organization_id: UUID
    run_id: UUID


class _HandOver(Exception):
    """There is no more time here; go on after so many seconds."""

    def __init__(self, seconds: float) -> None:
        super().__init__()
        self.seconds = seconds


class _Lost(Exception):
    """Somebody else has the run now."""


async def sync(
    context: Context,
    organization_id: UUID,
    span: Span,
    *,
    wait_seconds: float | None = WAIT_SECONDS,
    progress: Progress | None = None,
) -> Run:
    """Brings over what has changed, or all that starts within `span`; the run, which may go on as
    a job when `wait_seconds` are over.

    Raises CalcomNotConfigured, CalcomKeyRefused, CalcomUnsupported, CalcomUnavailable: before
    anything is read without a trace, later with the run failed.
    """
    began = asyncio.get_running_loop().time()
    connection = await require_connection(context, organization_id)
    failure = await look(context, connection)
    if failure is not None:
        raise error_of(failure)
    caller = await caller_from_calcom(context, organization_id)
    run_id = await working.change(context, caller, begin_run, span)
    deadline = None if wait_seconds is None else began + wait_seconds
    return await _see_through(context, caller, run_id, deadline, progress)


async def look(context: Context, connection: Connection) -> Failure | None:
    """Whether there is an account to sync with. One that has asked too often is there."""

    async def pause(seconds: float) -> None:
        if seconds > LOOK_PATIENCE_SECONDS:
            raise _HandOver(seconds)
        await asyncio.sleep(seconds)

    try:
        return await open_account(context, connection, LOOK_PATIENCE_SECONDS, pause).look()
    except _HandOver:
        return None


async def find_run_for(context: Context, user_id: UUID, run_id: UUID) -> Run:
    """Raises NotFound for a run of others, Forbidden for a mere member."""
    async with context.database.connection() as tx:
        roles = {m.organization_id: m.role for m in await list_memberships(tx, user_id)}
        run = await import_runs.find_run_among(list(roles), tx, run_id)
    if run is None:
        raise NotFound(f"There is no run {shown(RUN, run_id)!r} in your organizations.")
    if roles[run.organization_id] not in ADMINS:
        raise Forbidden("This call needs an admin of the organization.")
    return run


def error_of_run(run: Run) -> KalendsError | None:
    """What a failed run met."""
    kind = next((kind for kind in FAILURES if kind.code == run.code), None)
    return kind(run.error or "") if kind else None


async def list_runs(work: Work, limit: int) -> list[Run]:
    """The latest first."""
    return await import_runs.list_runs(work.organization_id, work.tx, limit)


async def begin_run(work: Work, span: Span) -> UUID:
    """Writes the run down, and the job that goes on with it if whoever begins it does not."""
    run_id = new_id()
    await import_runs.insert_run(work.organization_id, work.tx, run_id, span, work.stamp)
    await _enqueue(work, run_id, LEASE + ASK_AGAIN)
    return run_id


async def start_due_syncs(context: Context) -> int:
    """Begins a run for each connection whose time has come and that has none under way."""
    async with context.database.transaction() as tx:
        due = await integrations.take_due_connections(tx, context.clock(), 100)
    for organization_id in due:
        caller = await caller_from_calcom(context, organization_id)
        await working.change(context, caller, _begin_timed)
    return len(due)


async def go_on(context: Context, payload: bytes) -> timedelta | None:
    """The job: works on the run, unless it is over; later, where somebody else does."""
    due = json.decode(payload, type=Due)
    caller = await caller_from_calcom(context, due.organization_id)
    worker = _Worker(context, caller, None, None, LONGEST_PAUSE_OF_A_JOB)
    if await worker.take(due.run_id):
        await worker.work()
        return None
    run = await worker.find(due.run_id)
    return None if run is None or run.is_over else ASK_AGAIN


async def _begin_timed(work: Work) -> None:
    if not await import_runs.has_open_run(work.organization_id, work.tx):
        run_id = await begin_run(work, (None, None))
        await work.start(RUN_JOB, json.encode(Due(work.organization_id, run_id)))


async def _enqueue(work: Work, run_id: UUID, after: timedelta) -> None:
    payload = json.encode(Due(work.organization_id, run_id))
    await enqueue_job(work.tx, RUN_JOB, payload, after)


async def _see_through(
    context: Context,
    caller: Caller,
    run_id: UUID,
    deadline: float | None,
    progress: Progress | None,
) -> Run:
    """Works on the run until it is over or the deadline has come. Meanwhile another run of the
    organization may be at work: it is waited for, and gone on with if nobody else does."""
    worker = _Worker(context, caller, deadline, progress)
    while True:
        if await worker.take(run_id):
            await worker.work()
        run = await worker.find(run_id)
        if run is None:
            raise NotFound(f"The run {shown(RUN, run_id)!r} is not there any more.")
        if run.is_over or worker.has_no_time:
            return run
        other = await worker.find_other()
        if other is not None and await worker.take(other):
            await worker.work()
        await asyncio.sleep(POLL_SECONDS)


class _Worker:
    """Who works on runs of one organization, one after the other."""

    def __init__(
        self,
        context: Context,
        caller: Caller,
        deadline: float | None,
        progress: Progress | None,
        longest_pause: float = math.inf,
    ) -> None:
        self._context = context
        self._caller = caller
        self._deadline = deadline
        self._progress = progress
        self._longest_pause = longest_pause
        self._holder = new_id()
        self._has_handed_over = False
        self._run: Run

    async def take(self, run_id: UUID) -> bool:
        """Whether the run is ours to work on."""
        async with self._context.database.connection() as tx:
            taken = await import_runs.take_run(
                self._caller.organization_id, tx, run_id, self._holder, LEASE
            )
        if taken is not None:
            self._run = taken
        return taken is not None

    async def find(self, run_id: UUID) -> Run | None:
        async with self._context.database.connection() as tx:
            return await import_runs.find_run(self._caller.organization_id, tx, run_id)

    async def find_other(self) -> UUID | None:
        async with self._context.database.connection() as tx:
            return await import_runs.find_run_at_work(self._caller.organization_id, tx)

    @property
    def has_no_time(self) -> bool:
        """Whether others have to go on from here."""
        now = asyncio.get_running_loop().time()
        is_late = self._deadline is not None and now >= self._deadline
        return is_late or self._has_handed_over

    async def work(self) -> None:
        """Works on the run that was taken, until it is over, handed over, or lost."""
        try:
            await self._work_through()
        except CalcomFailed as failed:
            await self._finish(error_of(failed.failure))
        except _HandOver as wait:
            self._has_handed_over = True
            await working.change(self._context, self._caller, self._hand_over, wait.seconds)
        except _Lost:
            return

    async def _work_through(self) -> None:
        connection = await self._plan()
        if isinstance(connection, KalendsError):
            await self._finish(connection)
            return
        try:
            account = open_account(self._context, connection, PATIENCE_SECONDS, self._pause)
        except KalendsError as error:
            await self._finish(error)
            return
        bringer = Bringer(self._context, self._caller, connection, self._run)
        while walks := self._run.walks:
            await self._walk(account, bringer, walks)
        await self._settle(account, bringer)
        await self._finish(None)

    async def _plan(self) -> Connection | KalendsError:
        """The connection, and what the run has to walk, if that was not said before."""
        try:
            connection = await require_connection(self._context, self._run.organization_id)
        except KalendsError as error:
            return error
        if self._run.walks is None:
            await working.change(self._context, self._caller, self._write_plan, connection)
            await self._read_again()
        return connection

    async def _write_plan(self, work: Work, connection: Connection) -> None:
        organization_id, run = work.organization_id, self._run
        since: datetime = work.stamp
        if not run.has_range and connection.changed_since is None:
            begun = await integrations.begin_walk(
                organization_id, work.tx, connection.generation, work.stamp
            )
            since = begun or since
        unstamped = await imports.find_oldest_unstamped(organization_id, work.tx)
        walks = plan_walks(run, connection, unstamped)
        await import_runs.plan_run(
            organization_id, work.tx, run.id, walks, connection.generation, since - OVERLAP
        )

    async def _walk(self, account: Account, bringer: Bringer, walks: Sequence[Walk]) -> None:
        async for page in account.walk(walks[0]):
            if not isinstance(page, Page):
                raise CalcomFailed(page)
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

    def _note_walks(self, left: Sequence[Walk]) -> Callable[[Work], Any]:
        """Writes down where to go on, in the transaction that brings in what was walked."""

        async def note(work: Work) -> None:
            run = self._run
            await import_runs.note_walks(work.organization_id, work.tx, run.id, left)
            is_first_walk = not run.has_range and len(left) == 1
            if is_first_walk and left[0].after is not None and run.generation is not None:
                await integrations.note_walked_to(
                    work.organization_id, work.tx, run.generation, left[0].after
                )

        return note

    async def _settle(self, account: Account, bringer: Bringer) -> None:
        """What was left out is tried again, now that all was seen."""
        for _ in range(MOST_PASSES):
            after, has_moved = "", False
            while uids := await self._list_kept(after):
                await self._pause(0)
                verdicts = await bringer.settle(account, uids)
                has_moved |= any(v.outcome == Outcome.SYNCED for v in verdicts)
                after = uids[-1]
            if not has_moved:
                break

    async def _list_kept(self, after: str) -> list[str]:
        async with self._context.database.connection() as tx:
            return await imports.list_kept(self._run.organization_id, tx, after, BATCH)

    async def _finish(self, error: KalendsError | None) -> None:
        await working.change(self._context, self._caller, self._write_end, error)

    async def _write_end(self, work: Work, error: KalendsError | None) -> None:
        run = self._run
        if error is None and not run.has_range and run.generation and run.mark:
            await integrations.set_mark(work.organization_id, work.tx, run.generation, run.mark)
        await import_runs.finish_run(
            work.organization_id,
            work.tx,
            run.id,
            RunState.FAILED if error else RunState.DONE,
            error=error.message if error else None,
            code=code_of(error) if error else None,
            now=work.stamp,
            most_skips=MOST_SKIPS,
        )

    async def _hand_over(self, work: Work, seconds: float) -> None:
        after = timedelta(seconds=seconds)
        await import_runs.release_run(
            work.organization_id, work.tx, self._run.id, self._holder, after
        )
        if seconds > 0:
            await _enqueue(work, self._run.id, after)
        else:
            payload = json.encode(Due(work.organization_id, self._run.id))
            await work.start(RUN_JOB, payload)

    async def _pause(self, seconds: float) -> None:
        """Waits with the run in our hands. Raises _HandOver where the time is not there."""
        now = asyncio.get_running_loop().time()
        is_late = self._deadline is not None and now + seconds >= self._deadline
        if is_late or seconds > self._longest_pause:
            raise _HandOver(seconds)
        async with self._context.database.connection() as tx:
            is_ours = await import_runs.renew_lease(
                self._run.organization_id,
                tx,
                self._run.id,
                self._holder,
                LEASE + timedelta(seconds=seconds),
            )
        if not is_ours:
            raise _Lost
        await asyncio.sleep(seconds)

    async def _read_again(self) -> None:
        run = await self.find(self._run.id)
        if run is None or run.is_over:
            raise _Lost
        self._run = run
