"""A worker of runs: plans a run, walks through the pages of its account, and settles the rest."""

import asyncio
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from kalends.domain.errors import KalendsError
from kalends.domain.imports.connections import ImportConnection
from kalends.domain.imports.rows import RowOutcome
from kalends.domain.imports.runs import OVERLAP, ImportRun, plan_walks
from kalends.domain.imports.sources import NoAnswer, SourceAccount, SourcePage, Trouble, Walk
from kalends.runtime import unit_of_work as working
from kalends.runtime.unit_of_work import Caller, Context, UnitOfWork
from kalends.services.imports.accounts import adopt_rows, identify, with_account
from kalends.services.imports.connections import (
    SourceFailed,
    open_account,
    require_connection,
    source_of,
)
from kalends.services.imports.fetched_rows import read_listed
from kalends.services.imports.importer import BookingImporter, InTransaction
from kalends.services.imports.leases import LeaseLost, RunLease
from kalends.store.imports import connections, imported_bookings, runs

# A run ends after this time, even if the server goes on listing new rows.
LONGEST_RUN: Final = timedelta(days=1)
BATCH: Final = 25
# The pause between two batches is as long as the last batch took, so that an import uses at most
# half of the machine and requests are not delayed.
LONGEST_REST_SECONDS: Final = 0.04
# Importing one kept row may free the time that another one needs.
MOST_PASSES: Final = 3

ReportProgress = Callable[[ImportRun, int | None], None]
"""Shows how far the run is, and how many rows the source reports."""


class HandOver(Exception):
    """The worker has no more time: another one goes on after so many seconds."""

    def __init__(self, seconds: float) -> None:
        super().__init__()
        self.seconds = seconds


@dataclass(eq=False)
class RunWorker:
    """Works on runs of one organization, one after the other, until `deadline` (of the event loop's
    clock). A pause longer than `longest_pause` seconds is left to a job."""

    context: Context
    caller: Caller
    deadline: float | None
    progress: ReportProgress | None
    longest_pause: float = math.inf
    _has_handed_over: bool = field(default=False, init=False)

    def __post_init__(self) -> None:
        self._lease = RunLease(self.context, self.caller)

    @property
    def has_no_time(self) -> bool:
        """Whether another worker has to go on from here."""
        return self._has_handed_over or self._is_late_in(0)

    async def work_on(self, run_id: UUID) -> bool:
        """Works on the run until it is over, handed over, or lost. False if another worker has it,
        or if it is over."""
        if not await self._lease.acquire(run_id):
            return False
        try:
            error = await self._run_through()
            await working.change(self.context, self.caller, self._lease.end, error)
        except HandOver as wait:
            self._has_handed_over = True
            await working.change(self.context, self.caller, self._lease.hand_over, wait.seconds)
        except LeaseLost:
            pass
        return True

    async def _run_through(self) -> KalendsError | None:
        """Works through the whole run; returns the error that ended it, None if it was
        completed."""
        source = source_of(self.context)
        try:
            connection = await self._plan()
            account = open_account(
                self.context,
                connection,
                source.give_up_after_seconds,
                self._pause,
                self._lease.trouble,
            )
            importer = BookingImporter(
                self.context, self.caller, connection, self._lease.run, self._lease.hold
            )
            importer.connection = await with_account(self.context, connection, account)
            while walks := self._lease.run.walks:
                await self._walk(account, importer, walks)
            await self._settle(account, importer)
        except SourceFailed as failed:
            return source.error_of(failed.failure)
        return None

    async def _plan(self) -> ImportConnection:
        """The connection; stores what the run has to walk, if it was not planned before."""
        connection = await require_connection(self.context, self._lease.run.organization_id)
        if self._lease.run.walks is None:
            await working.change(self.context, self.caller, self._write_plan, connection)
            await self._lease.reload()
        return connection

    async def _write_plan(self, work: UnitOfWork, connection: ImportConnection) -> None:
        await self._lease.hold(work)
        run, generation = self._lease.run, connection.generation
        since: datetime = work.recorded_at
        if not run.has_range and connection.changed_since is None:
            begun = await connections.begin_walk(work.tenant, generation, work.recorded_at)
            since = begun or since
        unstamped = await imported_bookings.find_oldest_unstamped(work.tenant)
        walks = plan_walks(run, connection, unstamped)
        await runs.plan_run(work.tenant, run.id, walks, generation, since - OVERLAP)

    async def _walk(
        self, account: SourceAccount, importer: BookingImporter, walks: Sequence[Walk]
    ) -> None:
        async for page in account.iterate_pages(walks[0]):
            if not isinstance(page, SourcePage):
                raise SourceFailed(page)
            walks_left = [*([page.next] if page.next else []), *walks[1:]]
            await self._import_page(importer, page, walks_left)
            await self._lease.reload()
            if self.progress:
                self.progress(self._lease.run, page.total)
            if importer.connection.account is None:
                importer.connection = await identify(self.context, importer.connection, account)

    async def _import_page(
        self, importer: BookingImporter, page: SourcePage, walks_left: Sequence[Walk]
    ) -> None:
        """Imports the page in batches; the last one also stores where to go on."""
        source = source_of(self.context)
        batches = [page.rows[i : i + BATCH] for i in range(0, len(page.rows), BATCH)] or [[]]
        for number, batch in enumerate(batches, 1):
            began = asyncio.get_running_loop().time()
            rows = await read_listed(source, batch, page.requested_at)
            is_last = number == len(batches)
            await importer.import_rows(rows, self._note_walks(walks_left) if is_last else None)
            seconds = asyncio.get_running_loop().time() - began
            await asyncio.sleep(min(seconds, LONGEST_REST_SECONDS))

    def _note_walks(self, walks_left: Sequence[Walk]) -> InTransaction:
        """Stores where to go on, in the transaction that imports the rows before that."""

        async def note(work: UnitOfWork) -> None:
            run = self._lease.run
            await runs.note_walks(work.tenant, run.id, walks_left)
            is_first_walk = not run.has_range and len(walks_left) == 1
            if is_first_walk and walks_left[0].after is not None and run.generation is not None:
                await connections.note_walked_to(work.tenant, run.generation, walks_left[0].after)

        return note

    async def _settle(self, account: SourceAccount, importer: BookingImporter) -> None:
        """Retries what this run or an earlier one has left out, now that all rows were seen."""
        await adopt_rows(self.context, importer.connection)
        for _ in range(MOST_PASSES):
            after, has_moved = "", False
            while uids := await self._list_kept(importer.connection, after):
                await self._pause(0, self._lease.trouble)
                results = await importer.retry_kept(account, uids)
                has_moved |= any(one.outcome == RowOutcome.SYNCED for one in results)
                after = uids[-1]
            if not has_moved:
                break

    async def _list_kept(self, connection: ImportConnection, after: str) -> list[str]:
        async with self.context.database.tenant_connection(self.caller.organization_id) as tenant:
            return await imported_bookings.list_kept(tenant, connection.account, after, BATCH)

    async def _pause(self, seconds: float, trouble: Trouble) -> None:
        """Waits, and renews the lease meanwhile. Raises HandOver if there is no time for it,
        LeaseLost if another worker has the run."""
        self._lease.trouble = trouble
        if self._lease.age_seconds >= LONGEST_RUN.total_seconds():
            raise SourceFailed(NoAnswer("it shows new bookings without an end"))
        if self._is_late_in(seconds) or seconds > self.longest_pause:
            raise HandOver(seconds)
        await self._lease.renew(seconds, trouble)
        await asyncio.sleep(seconds)

    def _is_late_in(self, seconds: float) -> bool:
        """Whether the deadline has come in that many seconds."""
        now = asyncio.get_running_loop().time()
        return self.deadline is not None and now + seconds >= self.deadline
