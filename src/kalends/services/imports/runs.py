"""Runs of imports: started by a call, the timetable or the command line; worked on by one worker at
a time, first within the request, then in a job; continued by another worker if a process dies.

What is still to be walked is stored with the rows of each page, in one transaction. The worker
holds and renews the run's lease. One run of an organization is at work at a time, and the others
wait. No transaction is open while a worker waits for the network.
"""

import asyncio
from datetime import timedelta
from typing import Final
from uuid import UUID

from msgspec import json

from kalends.domain.access import Role
from kalends.domain.errors import (
    SOURCE_ERRORS,
    Forbidden,
    KalendsError,
    NotFound,
    SourceError,
    Unavailable,
)
from kalends.domain.ids import RUN, encode_id, first_id_at, new_id
from kalends.domain.imports.connections import ImportConnection
from kalends.domain.imports.runs import ImportRun, StartRange
from kalends.domain.imports.sources import AccountFailure, Trouble
from kalends.domain.rights import RIGHTS, Reach, Right
from kalends.runtime import unit_of_work as working
from kalends.runtime.blocked_organizations import BlockedOrganizations
from kalends.runtime.unit_of_work import Caller, Context, UnitOfWork, UseCase
from kalends.services.imports.connections import (
    SourceFailed,
    failures_as_errors,
    import_caller,
    open_account,
    require_connection,
)
from kalends.services.imports.leases import LEASE, DueRun, end_run, enqueue_run
from kalends.services.imports.worker import HandOver, ReportProgress, RunWorker
from kalends.store.accounts.organizations import list_memberships
from kalends.store.imports import connections, runs

ASK_AGAIN: Final = timedelta(seconds=5)
# If the queue is on another node than the run, a job may be seen this long before its run.
MAY_COME_LATE: Final = timedelta(minutes=1)
# A job that has to wait longer than this goes back into the queue, to free its place.
LONGEST_PAUSE_OF_A_JOB: Final = 3.0
WAIT_SECONDS: Final = 20.0
POLL_SECONDS: Final = 0.2
# How long to wait for the very first answer, which tells whether the account works.
CHECK_GIVES_UP_AFTER_SECONDS: Final = 5.0
# A run without a worker is given to a job again this long after its lease has lapsed.
MISSED_AFTER: Final = timedelta(minutes=1)
MOST_MISSED: Final = 100
AT_ONCE: Final = 100
BROKEN: Final = "The sync broke off for a reason that was not foreseen; the server's log says more."


async def sync_bookings(
    context: Context,
    organization_id: UUID,
    span: StartRange,
    *,
    wait_seconds: float | None = WAIT_SECONDS,
    progress: ReportProgress | None = None,
) -> ImportRun:
    """Imports what has changed, or all that starts within `span`. Returns the run, which goes on as
    a job if it is not done within `wait_seconds`.

    Raises SourceError if the account does not work at all, and then leaves no run; later failures
    are in the run.
    """
    began = asyncio.get_running_loop().time()
    with failures_as_errors(context):
        connection = await require_connection(context, organization_id)
        failure = await check_account(context, connection)
        if failure is not None:
            raise SourceFailed(failure)
    caller = await import_caller(context, organization_id)
    run_id = await working.change(context, caller, begin_run, span)
    deadline = None if wait_seconds is None else began + wait_seconds
    return await _run_until_deadline(context, caller, run_id, deadline, progress)


async def check_account(context: Context, connection: ImportConnection) -> AccountFailure | None:
    """Why the account cannot be used; None if it works, or only asks for a pause."""

    async def pause(seconds: float, _: Trouble) -> None:
        if seconds > CHECK_GIVES_UP_AFTER_SECONDS:
            raise HandOver(seconds)
        await asyncio.sleep(seconds)

    try:
        return await open_account(context, connection, CHECK_GIVES_UP_AFTER_SECONDS, pause).check()
    except HandOver:
        return None


async def find_run_for(context: Context, user_id: UUID, run_id: UUID) -> ImportRun:
    """The run, for a user. Raises NotFound for a run of another organization and for staff,
    Forbidden for a member."""
    async with context.database.connection() as tx:
        memberships = await list_memberships(tx, user_id)
        roles = {m.organization_id: m.role for m in memberships if m.role is not Role.STAFF}
        run = await runs.find_run_among(list(roles), tx, run_id)
    if run is None:
        raise NotFound(f"There is no run {encode_id(RUN, run_id)!r} in your organizations.")
    if RIGHTS[Right.CHANGE_SETTINGS][roles[run.organization_id]] is not Reach.ALL:
        raise Forbidden("This call needs an admin of the organization.")
    return run


def error_of_run(run: ImportRun) -> SourceError | None:
    """The error with which a failed run ended."""
    kind = next((kind for kind in SOURCE_ERRORS if kind.code == run.code), None)
    return kind(run.error or "") if kind else None


async def list_runs(work: UnitOfWork, limit: int) -> list[ImportRun]:
    """The runs, the latest first."""
    return await runs.list_runs(work.tenant, limit)


async def begin_run(work: UnitOfWork, span: StartRange) -> UUID:
    """Inserts the run, and queues the job that goes on with it if the caller does not."""
    run_id = new_id()
    await runs.insert_run(work.tenant, run_id, span, work.recorded_at)
    await enqueue_run(work, run_id, LEASE + ASK_AGAIN)
    return run_id


async def start_due_syncs(context: Context) -> int:
    """Begins a run for each connection that is due and has no run under way. Returns how many were
    due.

    An organization whose rows are locked stays due and does not delay the others; at the end
    Unavailable is raised.
    """
    taken = 0
    organization_ids: list[UUID] = []
    blocked = BlockedOrganizations(context)
    while True:
        async with context.database.connection() as tx:
            due = await connections.list_due_connections(
                tx, context.clock(), AT_ONCE, organization_ids
            )
        for organization_id in due:
            taken += await _unless_blocked(context, blocked, organization_id, _begin_timed)
        organization_ids += due
        if len(due) < AT_ONCE:
            blocked.raise_first()
            return taken


async def resume_missed_runs(context: Context) -> int:
    """Queues jobs for runs that have neither a worker nor a job, because the job was given up or
    lost. Returns how many."""
    async with context.database.connection() as tx:
        missed = await runs.list_missed_runs(tx, MISSED_AFTER, MOST_MISSED)
    blocked = BlockedOrganizations(context)
    resumed = 0
    for organization_id, run_id in missed:

        async def resume(work: UnitOfWork, run_id: UUID = run_id) -> bool:
            await enqueue_run(work, run_id, timedelta(0))
            return True

        resumed += await _unless_blocked(context, blocked, organization_id, resume)
    blocked.raise_first()
    return resumed


async def give_up_run(context: Context, payload: bytes, _: str) -> None:
    """Ends a run whose job failed unexpectedly again and again, unless a worker holds it."""
    due = json.decode(payload, type=DueRun)
    caller = await import_caller(context, due.organization_id)

    async def end(work: UnitOfWork) -> None:
        run = await runs.find_run(work.tenant, due.run_id)
        if run is not None:
            await end_run(work, run, KalendsError(BROKEN), None)

    await working.change(context, caller, end)


async def resume_run(context: Context, payload: bytes) -> timedelta | None:
    """The job: works on the run unless it is over. Comes back later if another worker holds it, or
    if a new run is not visible yet."""
    due = json.decode(payload, type=DueRun)
    caller = await import_caller(context, due.organization_id)
    worker = RunWorker(context, caller, None, None, LONGEST_PAUSE_OF_A_JOB)
    if await worker.work_on(due.run_id):
        return None
    run = await _find_run(context, due.organization_id, due.run_id)
    if run is None:
        is_new = due.run_id >= first_id_at(context.clock() - MAY_COME_LATE)
        return ASK_AGAIN if is_new else None
    return None if run.is_over else ASK_AGAIN


async def _unless_blocked(
    context: Context,
    blocked: BlockedOrganizations,
    organization_id: UUID,
    change: UseCase[[], bool],
) -> bool:
    """Runs the change. False if rows that it needs are locked; then the organization is noted as
    blocked."""
    if organization_id in blocked:
        return False
    try:
        caller = await import_caller(context, organization_id)
        return await working.change(context, caller, change)
    except Unavailable as error:
        await blocked.add(organization_id, error)
        return False


async def _begin_timed(work: UnitOfWork) -> bool:
    """Takes the due connection and begins its run in one transaction, so that it stays due if the
    run does not begin."""
    if not await connections.take_due_connection(work.tenant, work.recorded_at):
        return False
    if not await runs.has_open_run(work.tenant):
        run_id = await begin_run(work, (None, None))
        await enqueue_run(work, run_id, timedelta(0))
    return True


async def _run_until_deadline(
    context: Context,
    caller: Caller,
    run_id: UUID,
    deadline: float | None,
    progress: ReportProgress | None,
) -> ImportRun:
    """Works on the run until it is over or the deadline has come. If another run of the
    organization is at work, waits for it, and goes on with it if no other worker does."""
    worker = RunWorker(context, caller, deadline, progress)
    while True:
        await worker.work_on(run_id)
        run = await _find_run(context, caller.organization_id, run_id)
        if run is None:
            raise NotFound(f"The run {encode_id(RUN, run_id)!r} is not there any more.")
        if run.is_over or worker.has_no_time:
            return run
        other = await _find_run_at_work(context, caller.organization_id)
        if other is not None:
            await worker.work_on(other)
        await asyncio.sleep(POLL_SECONDS)


async def _find_run(context: Context, organization_id: UUID, run_id: UUID) -> ImportRun | None:
    async with context.database.tenant_connection(organization_id) as tenant:
        return await runs.find_run(tenant, run_id)


async def _find_run_at_work(context: Context, organization_id: UUID) -> UUID | None:
    async with context.database.tenant_connection(organization_id) as tenant:
        return await runs.find_run_at_work(tenant)
