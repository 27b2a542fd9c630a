"""Rows brought in a transaction at a time, and the rows that they wait for asked for."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime, timedelta
from typing import Final

import structlog
from msgspec import json

from kalends.domain.errors import CalcomNotConfigured
from kalends.domain.imports.runs import ImportConnection, ImportRun
from kalends.domain.imports.sources import Gone, NoAnswer, SourceAccount, SourcePage, Trouble
from kalends.runtime import unit_of_work as working
from kalends.runtime.unit_of_work import Caller, Context, UnitOfWork
from kalends.services.imports.accounts import with_account
from kalends.services.imports.connections import (
    HookHint,
    SourceFailed,
    error_of,
    import_caller,
    open_account,
    require_connection,
)
from kalends.services.imports.rows import (
    FetchedRow,
    RowOrigin,
    RowResult,
    import_rows,
    read_fetched,
    record_gone,
    retry_kept_rows,
)

log = structlog.get_logger("kalends.calcom")

LONGEST_CHAIN: Final = 50
READ_AT_ONCE: Final = 5
FETCH_PATIENCE_SECONDS: Final = 20.0
LONGEST_PAUSE_SECONDS: Final = 8.0
# What a hook hinted at is followed for so long, however often its job is put off.
LONGEST_HINT: Final = timedelta(days=1)


class _Later(Exception):
    """The account asks for a pause that is too long to be waited for here, in seconds."""

    def __init__(self, seconds: float) -> None:
        super().__init__(seconds)
        self.seconds = seconds


class BookingImporter:
    """Brings rows in, for a run or without one. `hold` is the first thing in each transaction: it
    raises where the rows are not to be brought in here any more."""

    def __init__(
        self,
        context: Context,
        caller: Caller,
        connection: ImportConnection,
        run: ImportRun | None,
        hold: Callable[[UnitOfWork], Awaitable[None]],
    ) -> None:
        self._context = context
        self._caller = caller
        self.connection = connection
        self._run = run
        self._hold = hold

    async def bring(
        self,
        shown: Sequence[FetchedRow],
        then: Callable[[UnitOfWork], Awaitable[None]] | None = None,
    ) -> list[RowResult]:
        """Brings the rows in, and does `then` in the same transaction."""

        async def both(work: UnitOfWork) -> list[RowResult]:
            await self._hold(work)
            verdicts = await import_rows(work, self.connection, shown, self._run)
            if then is not None:
                await then(work)
            return verdicts

        return await working.change(self._context, self._caller, both)

    async def settle(self, account: SourceAccount, uids: Sequence[str]) -> list[RowResult]:
        """Tries rows that were kept again, and asks for the rows that they wait for."""
        verdicts = await self._again(uids)
        for verdict in verdicts:
            await self._find_what_it_wants(account, verdict, 0)
        return verdicts

    async def bring_one(self, account: SourceAccount, page: SourcePage) -> None:
        """Brings one row in that was asked for by its uid, with the chain that it is a part of."""
        (verdict,) = await self.bring([_asked_for(page)])
        await self._find_what_it_wants(account, verdict, 0)

    async def _find_what_it_wants(
        self, account: SourceAccount, verdict: RowResult, depth: int
    ) -> None:
        """Asks for the neighbour in the chain that a row waits for, and on along the chain."""
        if verdict.wants is None or depth > LONGEST_CHAIN:
            return
        found = await account.find(verdict.wants)
        if isinstance(found, SourcePage):
            (neighbour,) = await self.bring([_asked_for(found)])
            await self._find_what_it_wants(account, neighbour, depth + 1)
        elif isinstance(found, Gone):
            await self._note_gone(verdict.wants)
        else:
            raise SourceFailed(found)
        for again in await self._again([verdict.uid]):
            if again.wants != verdict.wants:
                await self._find_what_it_wants(account, again, depth + 1)

    async def _again(self, uids: Sequence[str]) -> list[RowResult]:
        async def again(work: UnitOfWork) -> list[RowResult]:
            await self._hold(work)
            return await retry_kept_rows(work, self.connection, uids, self._run)

        return await working.change(self._context, self._caller, again)

    async def _note_gone(self, uid: str) -> None:
        async def note(work: UnitOfWork) -> None:
            await self._hold(work)
            await record_gone(work, uid, self._context.clock())

        await working.change(self._context, self._caller, note)


async def hold_nothing(_: UnitOfWork) -> None:
    """For one who brings rows in without a run."""


async def follow_hook(context: Context, payload: bytes) -> timedelta | None:
    """The job that a hook starts: asks for the booking, and brings it in. One that is gone there is
    left alone here, and so is a hint that became too old: the next sync shows what it was about."""
    hint = json.decode(payload, type=HookHint)
    if hint.taken_at is not None and hint.taken_at < (context.clock() - LONGEST_HINT).timestamp():
        log.warning("a hook could not be followed in time", uid=hint.uid)
        return None
    try:
        connection = await require_connection(context, hint.organization_id)
        account = open_account(context, connection, FETCH_PATIENCE_SECONDS, _wait_a_little)
    except CalcomNotConfigured:
        return None
    try:
        await _follow(context, connection, account, hint)
    except _Later as later:
        return timedelta(seconds=later.seconds)
    except SourceFailed as failed:
        error = error_of(failed.failure)
        if isinstance(failed.failure, NoAnswer):
            raise error from failed
        log.warning("a hook could not be followed", uid=hint.uid, error=error.message)
    return None


async def _follow(
    context: Context, connection: ImportConnection, account: SourceAccount, hint: HookHint
) -> None:
    found = await account.find(hint.uid)
    if isinstance(found, Gone):
        return
    if not isinstance(found, SourcePage):
        raise SourceFailed(found)
    connection = await with_account(context, connection, account)
    caller = await import_caller(context, hint.organization_id)
    await BookingImporter(context, caller, connection, None, hold_nothing).bring_one(account, found)


async def _wait_a_little(seconds: float, _: Trouble) -> None:
    """The pause of a job, which makes room for others where it would take long."""
    if seconds > LONGEST_PAUSE_SECONDS:
        raise _Later(seconds)
    await asyncio.sleep(seconds)


async def read_listed(rows: Sequence[object], asked_at: datetime) -> list[FetchedRow]:
    """Reads rows that a run is shown, a few at a time, so that others are not held up."""
    shown = []
    for number, value in enumerate(rows, 1):
        shown.append(read_fetched(value, asked_at, RowOrigin.LIST))
        if number % READ_AT_ONCE == 0:
            await asyncio.sleep(0)
    return shown


def _asked_for(page: SourcePage) -> FetchedRow:
    return read_fetched(page.rows[0], page.asked_at, RowOrigin.UID)
