"""A sync that keeps nothing: what it would do, for `kalends calcom sync --dry-run`."""

from collections.abc import Callable
from uuid import UUID

from msgspec import Struct

from kalends.domain.imports.runs import RowOutcome, SkippedRow
from kalends.domain.imports.sources import BY_CREATION, SourcePage, Walk
from kalends.runtime import unit_of_work as working
from kalends.runtime.unit_of_work import Context, UnitOfWork
from kalends.services.imports.accounts import with_account
from kalends.services.imports.connections import (
    SourceFailed,
    error_of,
    import_caller,
    open_account,
    require_connection,
    wait_here,
)
from kalends.services.imports.importer import read_listed
from kalends.services.imports.rows import FetchedRow, RowResult, import_rows
from kalends.services.imports.runs import StartRange
from kalends.services.imports.worker import BATCH


class Preview(Struct):
    """What a sync would do, so far."""

    synced: int
    unchanged: int
    skips: list[SkippedRow]

    @property
    def skipped(self) -> int:
        return self.unchanged + len(self.skips)


class _Undo(Exception):
    def __init__(self, verdicts: list[RowResult]) -> None:
        super().__init__()
        self.verdicts = verdicts


async def preview_sync(
    context: Context,
    organization_id: UUID,
    span: StartRange,
    progress: Callable[[Preview, int | None], None],
) -> Preview:
    """Walks through all bookings and brings them in for an instant, each few in a transaction that
    is rolled back: rows that need one another to be decided count as brought in.

    Raises CalcomNotConfigured, CalcomKeyRefused, CalcomUnsupported, CalcomUnavailable.
    """
    connection = await require_connection(context, organization_id)
    patience = context.gateways.calcom_patience_seconds
    account = open_account(context, connection, patience, wait_here)
    try:
        connection = await with_account(context, connection, account)
    except SourceFailed as failed:
        raise error_of(failed.failure) from failed
    caller = await import_caller(context, organization_id)
    preview, seen = Preview(0, 0, []), set[str]()

    async def try_out(work: UnitOfWork, shown: list[FetchedRow]) -> None:
        raise _Undo(await import_rows(work, connection, shown, None))

    walk = Walk(by=BY_CREATION, starts_from=span[0], starts_until=span[1])
    async for page in account.walk(walk):
        if not isinstance(page, SourcePage):
            raise error_of(page)
        for first in range(0, len(page.rows), BATCH):
            rows = page.rows[first : first + BATCH]
            shown = await read_listed(rows, page.asked_at)
            try:
                await working.change(context, caller, try_out, shown)
            except _Undo as undone:
                _count(preview, [v for v in undone.verdicts if v.uid not in seen])
                seen.update(v.uid for v in undone.verdicts)
        progress(preview, page.total)
    return preview


def _count(preview: Preview, verdicts: list[RowResult]) -> None:
    for verdict in verdicts:
        if verdict.outcome is RowOutcome.SYNCED or verdict.wants is not None:
            preview.synced += 1
        elif verdict.outcome is RowOutcome.UNCHANGED:
            preview.unchanged += 1
        else:
            preview.skips.append(
                SkippedRow(verdict.uid, verdict.reason or "It was left out before.")
            )
