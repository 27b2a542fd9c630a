"""Imports rows in transactions of a few, and fetches the rows that they have to wait for."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from kalends.domain.imports.connections import ImportConnection
from kalends.domain.imports.runs import ImportRun
from kalends.domain.imports.sources import RowGone, SourceAccount, SourcePage
from kalends.runtime import unit_of_work as working
from kalends.runtime.unit_of_work import Caller, Context, UnitOfWork
from kalends.services.imports.connections import SourceFailed, source_of
from kalends.services.imports.fetched_rows import FetchedRow, read_single
from kalends.services.imports.known_rows import LONGEST_CHAIN
from kalends.services.imports.rows import RowResult, import_rows, record_gone, retry_kept_rows

InTransaction = Callable[[UnitOfWork], Awaitable[None]]


@dataclass
class BookingImporter:
    """Imports rows, for a run or without one. `_hold` runs first in each transaction, and raises if
    this worker may not import any more."""

    _context: Context
    _caller: Caller
    connection: ImportConnection
    _run: ImportRun | None
    _hold: InTransaction

    async def import_rows(
        self, rows: Sequence[FetchedRow], then: InTransaction | None = None
    ) -> list[RowResult]:
        """Imports the rows, and runs `then` in the same transaction."""

        async def both(work: UnitOfWork) -> list[RowResult]:
            await self._hold(work)
            results = await import_rows(work, self.connection, rows, self._run)
            if then is not None:
                await then(work)
            return results

        return await working.change(self._context, self._caller, both)

    async def import_with_chain(self, account: SourceAccount, page: SourcePage) -> None:
        """Imports a row that was requested by its uid, with its chain of reschedules."""
        (result,) = await self.import_rows([read_single(source_of(self._context), page)])
        await self._import_needed(account, result, 0)

    async def retry_kept(self, account: SourceAccount, uids: Sequence[str]) -> list[RowResult]:
        """Imports kept rows again, and fetches the rows that they wait for."""
        results = await self._retry(uids)
        for result in results:
            await self._import_needed(account, result, 0)
        return results

    async def _import_needed(self, account: SourceAccount, result: RowResult, depth: int) -> None:
        """Fetches the neighbour in the chain that a row waits for, and so on along the chain."""
        if result.needs_uid is None or depth > LONGEST_CHAIN:
            return
        page = await account.find_booking(result.needs_uid)
        if isinstance(page, SourcePage):
            (neighbour,) = await self.import_rows([read_single(source_of(self._context), page)])
            await self._import_needed(account, neighbour, depth + 1)
        elif isinstance(page, RowGone):
            await self._record_gone(result.needs_uid)
        else:
            raise SourceFailed(page)
        for again in await self._retry([result.uid]):
            if again.needs_uid != result.needs_uid:
                await self._import_needed(account, again, depth + 1)

    async def _retry(self, uids: Sequence[str]) -> list[RowResult]:
        async def retry(work: UnitOfWork) -> list[RowResult]:
            await self._hold(work)
            return await retry_kept_rows(work, self.connection, uids, self._run)

        return await working.change(self._context, self._caller, retry)

    async def _record_gone(self, uid: str) -> None:
        async def record(work: UnitOfWork) -> None:
            await self._hold(work)
            await record_gone(work, uid, self._context.clock())

        await working.change(self._context, self._caller, record)


async def no_lease(_: UnitOfWork) -> None:
    """The `_hold` of imports without a run."""
