"""The preview of a sync (`sync --dry-run`): what it would do, without changing anything."""

from collections.abc import Callable
from uuid import UUID

from msgspec import Struct

from kalends.domain.imports.rows import RowOutcome
from kalends.domain.imports.runs import SkippedRow, StartRange
from kalends.domain.imports.sources import SourcePage, Walk, WalkOrder
from kalends.runtime.unit_of_work import Context
from kalends.services.imports.accounts import with_account
from kalends.services.imports.connections import (
    SourceFailed,
    failures_as_errors,
    import_caller,
    open_for_caller,
    source_of,
)
from kalends.services.imports.dry_runs import try_change
from kalends.services.imports.fetched_rows import read_listed
from kalends.services.imports.rows import RowResult, import_rows
from kalends.services.imports.worker import BATCH

ReportPreview = Callable[["SyncPreview", int | None], None]


class SyncPreview(Struct):
    """The numbers of rows that a sync would import or skip, so far."""

    synced: int
    unchanged: int
    skips: list[SkippedRow]

    @property
    def skipped(self) -> int:
        return self.unchanged + len(self.skips)

    def count(self, result: RowResult) -> None:
        if result.outcome is RowOutcome.SYNCED or result.needs_uid is not None:
            self.synced += 1
        elif result.outcome is RowOutcome.UNCHANGED:
            self.unchanged += 1
        else:
            self.skips.append(SkippedRow(result.uid, result.reason or "It was left out before."))


async def preview_sync(
    context: Context, organization_id: UUID, span: StartRange, report: ReportPreview
) -> SyncPreview:
    """Walks through all rows and imports them in transactions of a few that are rolled back. Rows
    whose result depends on one another count as synced.

    Raises SourceError.
    """
    with failures_as_errors(context):
        return await _preview(context, organization_id, span, report)


async def _preview(
    context: Context, organization_id: UUID, span: StartRange, report: ReportPreview
) -> SyncPreview:
    source = source_of(context)
    connection, account = await open_for_caller(
        context, organization_id, source.give_up_after_seconds
    )
    connection = await with_account(context, connection, account)
    caller = await import_caller(context, organization_id)
    preview, seen_uids = SyncPreview(0, 0, []), set[str]()

    walk = Walk(by=WalkOrder.CREATION, starts_from=span[0], starts_until=span[1])
    async for page in account.iterate_pages(walk):
        if not isinstance(page, SourcePage):
            raise SourceFailed(page)
        for first in range(0, len(page.rows), BATCH):
            rows = await read_listed(source, page.rows[first : first + BATCH], page.requested_at)
            results = await try_change(context, caller, import_rows, connection, rows, None)
            for result in [one for one in results if one.uid not in seen_uids]:
                preview.count(result)
            seen_uids.update(result.uid for result in results)
        report(preview, page.total)
    return preview
