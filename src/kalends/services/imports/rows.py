"""Imports rows: the rules of `domain/imports/merging.py` on what is stored, a handful of rows in
one short transaction.

A run, a hook and the command line all bring rows in through `bring_rows`, and its time is taken by
`claim_time`, as any other.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from enum import StrEnum
from typing import Final
from uuid import UUID

from msgspec import Struct, json, structs

from kalends.domain.imports.merging import schedule_for
from kalends.domain.imports.runs import OF_ANOTHER_ACCOUNT, ImportConnection, ImportRun, RowOutcome
from kalends.gateways.calcom.rows import SourceRow, UnreadableRow, clean, read_row
from kalends.runtime.unit_of_work import UnitOfWork
from kalends.services.imports.bookings import ImportedBookings, SeatOutcome
from kalends.store.imports import imported_bookings
from kalends.store.imports.imported_bookings import KnownRow
from kalends.store.imports.runs import RowCounts, add_counts

LONGEST_CHAIN: Final = 50
# What a known row is: brought in, left out, waiting for its neighbour in the chain, recorded in
# conflict, or not there at all (asked for and not found).
BROUGHT: Final = "brought"
SKIPPED: Final = "skipped"
PARKED: Final = "parked"
RECORDED: Final = "recorded"
GONE: Final = "gone"
OUTSIDE_RANGE: Final = "It starts outside the range that was asked for."
WAITS_FOR_OLDER: Final = "The row that it was rescheduled from was not seen yet."
WAITS_FOR_NEWER: Final = "The row that it was rescheduled to was not seen yet."


class RowOrigin(StrEnum):
    """How a row came: listed by Cal.com, asked for by its uid, or tried again from the copy that
    was kept of it."""

    LIST = "list"
    UID = "uid"
    COPY = "copy"


class FetchedRow(Struct, frozen=True, kw_only=True):
    """A row, read, with its JSON cleaned, when it was asked for, and how it came."""

    row: SourceRow | UnreadableRow
    value: object
    asked_at: datetime
    via: RowOrigin


class RowResult(Struct, frozen=True, kw_only=True):
    """What came of a row. `wants` is the uid of a row that has to be seen before it."""

    uid: str
    outcome: RowOutcome
    reason: str | None = None
    wants: str | None = None


class RowDecision(Struct, frozen=True, kw_only=True):
    """What is to become of a row: by itself, or by what becomes of its `parts`."""

    state: str = SKIPPED
    outcome: RowOutcome = RowOutcome.SKIPPED
    reason: str | None = None
    wants: str | None = None
    parts: list[SeatOutcome] | None = None


def read_fetched(value: object, asked_at: datetime, via: RowOrigin) -> FetchedRow:
    """Cleans and reads what Cal.com said."""
    cleaned = clean(value)
    return FetchedRow(row=read_row(cleaned), value=cleaned, asked_at=asked_at, via=via)


async def import_rows(
    work: UnitOfWork,
    connection: ImportConnection,
    shown: Sequence[FetchedRow],
    run: ImportRun | None,
) -> list[RowResult]:
    """Brings the rows in, in their order, and counts for the run those that it was shown, and
    those that it tries again."""
    return await _RowImport(work, connection, run).bring(shown)


async def retry_kept_rows(
    work: UnitOfWork, connection: ImportConnection, uids: Sequence[str], run: ImportRun | None
) -> list[RowResult]:
    """Tries rows of the account again that were kept, from the copies of them."""
    known = await imported_bookings.find_rows(work.tenant, uids)
    again = [
        read_fetched(json.decode(row.kept), row.seen_at, RowOrigin.COPY)
        for row in sorted(known, key=lambda row: row.uid)
        if row.kept is not None and row.uid in uids and not _is_of_another(row, connection)
    ]
    if run is not None:
        again = [one for one in again if _is_asked_for(one.row, run)]
    return await import_rows(work, connection, again, run)


async def record_gone(work: UnitOfWork, uid: str, asked_at: datetime) -> None:
    """Nothing more will be heard of that row: nobody has to wait for it."""
    await imported_bookings.lock_imports(work.tenant)
    known = {row.uid for row in await imported_bookings.find_rows(work.tenant, [uid])}
    if uid not in known:
        gone = _nothing(uid, asked_at)
        await imported_bookings.put_rows(work.tenant, [gone])


class _RowImport:
    """One transaction's worth of rows."""

    def __init__(
        self, work: UnitOfWork, connection: ImportConnection, run: ImportRun | None
    ) -> None:
        self._work = work
        self._connection = connection
        self._run = run
        self._known: dict[str, KnownRow] = {}
        self._successors: dict[str, str] = {}
        self._counts = RowCounts()

    async def bring(self, shown: Sequence[FetchedRow]) -> list[RowResult]:
        work = self._work
        await imported_bookings.lock_imports(work.tenant)
        await self._load(one.row for one in shown)
        changed = [one.row for one in shown if self._is_news(one)]
        bookings = await ImportedBookings.load(
            work, self._connection, [(row, self._ancestors(row)) for row in changed]
        )
        judged = [(one, await self._judge_news(one, bookings)) for one in shown]
        await bookings.make()
        verdicts: list[RowResult] = []
        touched: dict[str, KnownRow] = {}
        for one, judgement in judged:
            known, verdict = self._conclude(one, judgement, bookings)
            self._learn(known)
            touched[known.uid] = known
            verdicts.append(verdict)
        if touched:
            await imported_bookings.put_rows(work.tenant, list(touched.values()))
        await bookings.write_links()
        if self._run is not None:
            await add_counts(work.tenant, self._run.id, self._counts)
        return verdicts

    async def _load(self, rows: Iterable[SourceRow | UnreadableRow]) -> None:
        """What is known of the rows, of their neighbours, and of the chains behind them."""
        asked: set[str] = set()
        open_ = {u for row in rows for u in (row.uid, row.from_uid, row.to_uid) if u}
        for _ in range(LONGEST_CHAIN):
            if not open_:
                break
            found = await imported_bookings.find_rows(self._work.tenant, sorted(open_))
            asked |= open_
            for known in found:
                self._learn(known)
            open_ = {known.from_uid for known in found if known.from_uid} - asked

    def _learn(self, known: KnownRow) -> None:
        self._known[known.uid] = known
        if known.from_uid and known.state != GONE:
            self._successors[known.from_uid] = known.uid

    def _ancestors(self, row: SourceRow | UnreadableRow) -> list[str]:
        """The uids that the row had before, the latest first."""
        uids: list[str] = []
        uid = row.from_uid
        while uid and uid not in uids and len(uids) < LONGEST_CHAIN:
            uids.append(uid)
            known = self._known.get(uid)
            uid = known.from_uid if known else None
        return uids

    def _is_news(self, shown: FetchedRow) -> bool:
        """Whether the row has to be looked at: not if it is older, or says the same as before. One
        that could not be brought in is tried again at the end of a run, not whenever it is shown.
        """
        row, known = shown.row, self._known.get(shown.row.uid)
        if known is not None and _is_of_another(known, self._connection):
            return False
        if known is None or (shown.via is not RowOrigin.LIST and known.kept is not None):
            return True
        if _is_older(shown, known):
            return False
        return known.digest != row.digest(self._schedule_for(row)) or known.state == GONE

    def _schedule_for(self, row: SourceRow | UnreadableRow) -> UUID:
        connection = self._connection
        if isinstance(row, UnreadableRow):
            return connection.default_schedule_id
        return schedule_for(
            row.event_type_id, row.host_ids, connection.mappings, connection.default_schedule_id
        )

    async def _judge_news(
        self, shown: FetchedRow, bookings: ImportedBookings
    ) -> RowDecision | None:
        """What is to become of the row; None where it is no news."""
        row, before = shown.row, self._known.get(shown.row.uid)
        if not self._is_news(shown):
            return None
        schedule_id = self._schedule_for(row)
        judgement = await self._judge(row, schedule_id, bookings)
        self._learn(
            KnownRow(
                uid=row.uid,
                state=judgement.state,
                reason=judgement.reason,
                digest=row.digest(schedule_id),
                made_at=row.made_at or (before.made_at if before else None),
                changed_at=row.changed_at,
                seen_at=shown.asked_at,
                from_uid=row.from_uid,
                to_uid=row.to_uid,
                kept=None,
                run_id=before.run_id if before else None,
                outcome=before.outcome if before else None,
                account_id=self._connection.account,
            )
        )
        return judgement

    def _conclude(
        self,
        shown: FetchedRow,
        judgement: RowDecision | None,
        bookings: ImportedBookings,
    ) -> tuple[KnownRow, RowResult]:
        row, known = shown.row, self._known[shown.row.uid]
        if _is_of_another(known, self._connection):
            verdict = RowResult(uid=row.uid, outcome=RowOutcome.SKIPPED, reason=OF_ANOTHER_ACCOUNT)
            return self._counted(shown, known, verdict)
        if judgement is None:
            is_out = known.state in (SKIPPED, PARKED)
            outcome = RowOutcome.SKIPPED if is_out else RowOutcome.UNCHANGED
            if not _is_older(shown, known):
                known = structs.replace(
                    known, changed_at=row.changed_at or known.changed_at, seen_at=shown.asked_at
                )
            return self._counted(shown, known, RowResult(uid=row.uid, outcome=outcome))
        state, outcome, reason = judgement.state, judgement.outcome, judgement.reason
        if judgement.parts is not None:
            left = bookings.left(judgement.parts)
            reason = left.reason
            state = SKIPPED if reason else RECORDED if left.is_recorded else BROUGHT
            outcome = RowOutcome.SYNCED if left.has_changed else RowOutcome.UNCHANGED
            outcome = RowOutcome.SKIPPED if reason else outcome
        is_kept = state in (SKIPPED, PARKED, RECORDED)
        known = structs.replace(
            known, state=state, reason=reason, kept=json.encode(shown.value) if is_kept else None
        )
        verdict = RowResult(uid=row.uid, outcome=outcome, reason=reason, wants=judgement.wants)
        return self._counted(shown, known, verdict)

    async def _judge(
        self, row: SourceRow | UnreadableRow, schedule_id: UUID, bookings: ImportedBookings
    ) -> RowDecision:
        if isinstance(row, UnreadableRow):
            return RowDecision(reason=row.why)
        if self._run is not None and not self._run.covers(row.starts_at):
            return RowDecision(reason=OUTSIDE_RANGE)
        newer = self._newer(row)
        if newer is not None and newer not in self._known:
            return RowDecision(state=PARKED, reason=WAITS_FOR_NEWER, wants=newer)
        if newer is not None:
            return RowDecision(state=BROUGHT, outcome=RowOutcome.SYNCED)
        if row.from_uid and row.from_uid not in self._known and row.from_uid != row.uid:
            return RowDecision(state=PARKED, reason=WAITS_FOR_OLDER, wants=row.from_uid)
        ancestors = self._ancestors(row)
        before = [self._known[uid] for uid in ancestors if uid in self._known]
        if any(_is_of_another(known, self._connection) for known in before):
            return RowDecision(reason=OF_ANOTHER_ACCOUNT)
        parts = await bookings.bring(row, schedule_id, ancestors)
        return RowDecision(state=BROUGHT, parts=parts)

    def _newer(self, row: SourceRow) -> str | None:
        """The uid of the row that this one was rescheduled to, known or not. One that has gone
        without ever being seen is none. The rest of a seated row stays when a seat is moved."""
        successor = row.to_uid or (None if row.is_seated else self._successors.get(row.uid))
        if successor is None or successor == row.uid:
            return None
        known = self._known.get(successor)
        return None if known is not None and known.state == GONE else successor

    def _counted(
        self, shown: FetchedRow, known: KnownRow, verdict: RowResult
    ) -> tuple[KnownRow, RowResult]:
        """The row with its outcome in this run. It counts once, however often it is shown; where
        it could not be brought in at first, its last outcome counts. One that was not shown counts
        where it was left out before, and is still or is not any more."""
        if self._run is None:
            return known, verdict
        before = known.outcome if known.run_id == self._run.id else None
        is_news = shown.via is RowOrigin.COPY and verdict.outcome != RowOutcome.UNCHANGED
        if before is None and shown.via is not RowOrigin.LIST and not is_news:
            return known, verdict
        outcome = RowOutcome.SYNCED if before == RowOutcome.SYNCED else verdict.outcome
        _count(self._counts, before, -1)
        _count(self._counts, outcome, 1)
        return structs.replace(known, run_id=self._run.id, outcome=outcome.value), verdict


def _is_of_another(known: KnownRow, connection: ImportConnection) -> bool:
    """Whether another account than the connected one showed the row first."""
    is_known = known.account_id is not None and known.state != GONE
    return is_known and known.account_id != connection.account


def _is_asked_for(row: SourceRow | UnreadableRow, run: ImportRun) -> bool:
    """Whether the run is about it: what starts outside its range is left to other runs."""
    return isinstance(row, UnreadableRow) or run.covers(row.starts_at)


def _is_older(shown: FetchedRow, known: KnownRow) -> bool:
    row = shown.row
    if known.state == GONE:
        return False
    if row.changed_at is not None and known.changed_at is not None:
        return row.changed_at < known.changed_at
    return shown.asked_at < known.seen_at


def _count(counts: RowCounts, outcome: str | None, by: int) -> None:
    if outcome == RowOutcome.SYNCED:
        counts.synced += by
    elif outcome is not None:
        counts.skipped += by
        counts.unchanged += by if outcome == RowOutcome.UNCHANGED else 0


def _nothing(uid: str, seen_at: datetime) -> KnownRow:
    return KnownRow(
        uid=uid,
        state=GONE,
        reason=None,
        digest=b"",
        made_at=seen_at,
        changed_at=seen_at,
        seen_at=seen_at,
        from_uid=None,
        to_uid=None,
        kept=None,
        run_id=None,
        outcome=None,
        account_id=None,
    )
