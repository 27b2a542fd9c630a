"""Imports rows by the rules of `domain/imports/merging.py`, a handful in one short transaction.

Runs, hooks and the command line all import rows through `import_rows`.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

from msgspec import Struct, json, structs

from kalends.domain.imports.connections import ImportConnection
from kalends.domain.imports.rows import RowOutcome, RowState, SourceRow, UnreadableRow
from kalends.domain.imports.runs import ImportRun
from kalends.runtime.unit_of_work import UnitOfWork
from kalends.services.imports.bookings import ImportedBookings, SeatOutcome
from kalends.services.imports.connections import source_of
from kalends.services.imports.fetched_rows import FetchedRow, RowOrigin, read_fetched
from kalends.services.imports.known_rows import KnownRows, gone_row, is_of_another_account, is_older
from kalends.services.imports.outcomes import Skipped
from kalends.store.imports import imported_bookings
from kalends.store.imports.imported_bookings import KnownRow
from kalends.store.imports.runs import OF_ANOTHER_ACCOUNT, RowCounts, add_counts

OUTSIDE_RANGE: Final = "It starts outside the range that was asked for."
WAITS_FOR_OLDER: Final = "The row that it was rescheduled from was not seen yet."
WAITS_FOR_NEWER: Final = "The row that it was rescheduled to was not seen yet."
# A copy of rows in these states is kept, to be tried again.
KEPT_STATES: Final = (RowState.SKIPPED, RowState.WAITING, RowState.RECORDED)


class RowResult(Struct, frozen=True, kw_only=True):
    """The result of a row. `needs_uid` is the uid of a row that has to be imported before it."""

    uid: str
    outcome: RowOutcome
    reason: str | None = None
    needs_uid: str | None = None


class RowDecision(Struct, frozen=True, kw_only=True):
    """What to do with a row. If it has `seats`, their outcomes decide in the end."""

    state: RowState = RowState.SKIPPED
    outcome: RowOutcome = RowOutcome.SKIPPED
    reason: str | None = None
    needs_uid: str | None = None
    seats: list[SeatOutcome] | None = None


async def import_rows(
    work: UnitOfWork,
    connection: ImportConnection,
    fetched: Sequence[FetchedRow],
    run: ImportRun | None,
) -> list[RowResult]:
    """Imports the rows in their order, and updates the counts of the run."""
    return await _RowImport(work, connection, run).import_all(fetched)


async def retry_kept_rows(
    work: UnitOfWork, connection: ImportConnection, uids: Sequence[str], run: ImportRun | None
) -> list[RowResult]:
    """Imports kept rows of the account again, from their copies."""
    kept_rows = await imported_bookings.find_rows(work.tenant, uids)
    source = source_of(work.context)
    again = [
        read_fetched(source, json.decode(row.kept), row.seen_at, RowOrigin.COPY)
        for row in sorted(kept_rows, key=lambda row: row.uid)
        if row.kept is not None
        and row.uid in uids
        and not is_of_another_account(row, connection.account)
    ]
    if run is not None:
        again = [one for one in again if _is_in_range(one.row, run)]
    return await import_rows(work, connection, again, run)


async def record_gone(work: UnitOfWork, uid: str, requested_at: datetime) -> None:
    """Records that the source has no such row, so that no other row waits for it."""
    await imported_bookings.lock_imports(work.tenant)
    known_rows = await imported_bookings.find_rows(work.tenant, [uid])
    if uid not in {row.uid for row in known_rows}:
        await imported_bookings.put_rows(work.tenant, [gone_row(uid, requested_at)])


class _RowImport:
    """The import of the rows of one transaction."""

    def __init__(
        self, work: UnitOfWork, connection: ImportConnection, run: ImportRun | None
    ) -> None:
        self._work = work
        self._connection = connection
        self._run = run
        self._known = KnownRows()
        self._counts = RowCounts()

    async def import_all(self, fetched: Sequence[FetchedRow]) -> list[RowResult]:
        """Decides about each row, creates new bookings together, and stores rows, links and
        counts."""
        tenant = self._work.tenant
        await imported_bookings.lock_imports(tenant)
        await self._known.load(tenant, [one.row for one in fetched])
        changed = [one.row for one in fetched if self._needs_import(one)]
        bookings = await ImportedBookings.load(
            self._work,
            self._connection,
            [(row, self._known.ancestors_of(row)) for row in changed],
        )
        decided = [(one, await self._decide_if_changed(one, bookings)) for one in fetched]
        await bookings.create_new()
        results: list[RowResult] = []
        touched: dict[str, KnownRow] = {}
        for one, decision in decided:
            known, result = self._count(one, *self._conclude(one, decision, bookings))
            self._known.put(known)
            touched[known.uid] = known
            results.append(result)
        if touched:
            await imported_bookings.put_rows(tenant, list(touched.values()))
        await bookings.write_links()
        if self._run is not None:
            await add_counts(tenant, self._run.id, self._counts)
        return results

    def _needs_import(self, fetched: FetchedRow) -> bool:
        """Whether the row is newer than what is known, and differs in meaning. A row that could not
        be imported is retried at the end of a run, not whenever it is listed."""
        row, known = fetched.row, self._known.find(fetched.row.uid)
        if known is None:
            return True
        if is_of_another_account(known, self._connection.account):
            return False
        if fetched.origin is not RowOrigin.LIST and known.kept is not None:
            return True
        if is_older(fetched, known):
            return False
        return known.digest != row.digest(self._schedule_for(row)) or known.state == RowState.GONE

    def _schedule_for(self, row: SourceRow | UnreadableRow) -> UUID:
        if isinstance(row, UnreadableRow):
            return self._connection.default_schedule_id
        return self._connection.schedule_for(row.event_type_id, row.host_ids)

    async def _decide_if_changed(
        self, fetched: FetchedRow, bookings: ImportedBookings
    ) -> RowDecision | None:
        """The decision about a row; None if there is nothing to do. Later rows see it as known."""
        row, before = fetched.row, self._known.find(fetched.row.uid)
        if not self._needs_import(fetched):
            return None
        schedule_id = self._schedule_for(row)
        decision = await self._decide(row, schedule_id, bookings)
        self._known.put(
            KnownRow(
                uid=row.uid,
                state=decision.state,
                reason=decision.reason,
                digest=row.digest(schedule_id),
                made_at=row.made_at or (before.made_at if before else None),
                changed_at=row.changed_at,
                seen_at=fetched.requested_at,
                from_uid=row.from_uid,
                to_uid=row.to_uid,
                kept=None,
                run_id=before.run_id if before else None,
                outcome=before.outcome if before else None,
                account_id=self._connection.account,
            )
        )
        return decision

    async def _decide(
        self, row: SourceRow | UnreadableRow, schedule_id: UUID, bookings: ImportedBookings
    ) -> RowDecision:
        """The decision about a new or changed row. Within a chain of reschedules it waits for a
        neighbour that was not seen, and is imported without seats if there is a newer row."""
        if isinstance(row, UnreadableRow):
            return RowDecision(reason=row.reason)
        if self._run is not None and not self._run.covers(row.starts_at):
            return RowDecision(reason=OUTSIDE_RANGE)
        newer, older = self._known.successor_of(row), row.from_uid
        if newer is not None and self._known.find(newer) is None:
            return RowDecision(state=RowState.WAITING, reason=WAITS_FOR_NEWER, needs_uid=newer)
        if newer is not None:
            return RowDecision(state=RowState.IMPORTED, outcome=RowOutcome.SYNCED)
        if older and older != row.uid and self._known.find(older) is None:
            return RowDecision(state=RowState.WAITING, reason=WAITS_FOR_OLDER, needs_uid=older)
        ancestors = self._known.ancestors_of(row)
        known = [one for uid in ancestors if (one := self._known.find(uid)) is not None]
        if any(is_of_another_account(one, self._connection.account) for one in known):
            return RowDecision(reason=OF_ANOTHER_ACCOUNT)
        seats = await bookings.import_row(row, schedule_id, ancestors)
        return RowDecision(state=RowState.IMPORTED, seats=seats)

    def _conclude(
        self, fetched: FetchedRow, decision: RowDecision | None, bookings: ImportedBookings
    ) -> tuple[KnownRow, RowResult]:
        """The row as it is known from now on, and its result."""
        uid, known = fetched.row.uid, self._known.find(fetched.row.uid)
        assert known is not None
        if is_of_another_account(known, self._connection.account):
            skipped = RowOutcome.SKIPPED
            return known, RowResult(uid=uid, outcome=skipped, reason=OF_ANOTHER_ACCOUNT)
        if decision is None:
            return _conclude_unchanged(fetched, known)
        if decision.seats is not None:
            decision = _decision_of_seats(decision.seats, bookings)
        raw = json.encode(fetched.value) if decision.state in KEPT_STATES else None
        known = structs.replace(known, state=decision.state, reason=decision.reason, kept=raw)
        return known, RowResult(
            uid=uid,
            outcome=decision.outcome,
            reason=decision.reason,
            needs_uid=decision.needs_uid,
        )

    def _count(
        self, fetched: FetchedRow, known: KnownRow, result: RowResult
    ) -> tuple[KnownRow, RowResult]:
        """The row with its outcome in this run. A row counts once, however often it is listed, by
        its last outcome if it could not be imported at first. A row that was not listed counts if
        it was left out before and has been retried."""
        if self._run is None:
            return known, result
        before = known.outcome if known.run_id == self._run.id else None
        was_tried = fetched.origin is RowOrigin.COPY and result.outcome != RowOutcome.UNCHANGED
        if before is None and fetched.origin is not RowOrigin.LIST and not was_tried:
            return known, result
        outcome = RowOutcome.SYNCED if before == RowOutcome.SYNCED else result.outcome
        self._counts.add(before, -1)
        self._counts.add(outcome, 1)
        return structs.replace(known, run_id=self._run.id, outcome=outcome.value), result


def _conclude_unchanged(fetched: FetchedRow, known: KnownRow) -> tuple[KnownRow, RowResult]:
    is_out = known.state in (RowState.SKIPPED, RowState.WAITING)
    outcome = RowOutcome.SKIPPED if is_out else RowOutcome.UNCHANGED
    if not is_older(fetched, known):
        changed_at = fetched.row.changed_at or known.changed_at
        known = structs.replace(known, changed_at=changed_at, seen_at=fetched.requested_at)
    return known, RowResult(uid=known.uid, outcome=outcome)


def _decision_of_seats(seats: Sequence[SeatOutcome], bookings: ImportedBookings) -> RowDecision:
    outcome = bookings.outcome_of(seats)
    if isinstance(outcome, Skipped):
        return RowDecision(reason=outcome.reason)
    return RowDecision(
        state=RowState.RECORDED if outcome.is_recorded else RowState.IMPORTED,
        outcome=RowOutcome.SYNCED if outcome.has_changed else RowOutcome.UNCHANGED,
    )


def _is_in_range(row: SourceRow | UnreadableRow, run: ImportRun) -> bool:
    """Whether the run is about the row; a row that starts outside its range is left to other
    runs."""
    return isinstance(row, UnreadableRow) or run.covers(row.starts_at)
