"""The health of an account: since when it has failed, and whether that was reported."""

from datetime import timedelta
from typing import Final
from uuid import UUID

from msgspec import structs

from kalends.domain.calendars.connections import ConnectedCalendar
from kalends.domain.calendars.findings import FindingKind, finding_of_account
from kalends.domain.calendars.states import ConnectionState
from kalends.runtime.unit_of_work import UnitOfWork
from kalends.services.calendars.reports import (
    report_failing,
    report_finding,
    report_reconnect,
    report_recovered,
)
from kalends.store.calendars import calendars, connections, findings, readings

FAILING_AFTER: Final = timedelta(hours=2)


async def note_failure(
    work: UnitOfWork, connection_id: UUID, generation: int, reason: str, *, is_refused: bool
) -> int:
    """Records a failure of the account, and returns how often in a row it has failed. One that
    refuses the credentials waits for somebody to sign in anew. When it starts to fail, that is
    reported once."""
    now = work.recorded_at
    before = await connections.find_connection_to_change(work.tenant, connection_id)
    failures = await readings.note_failure(
        work.tenant,
        connection_id,
        generation,
        reason,
        now,
        now - FAILING_AFTER,
        is_refused=is_refused,
    )
    after = await connections.find_connection(work.tenant, connection_id)
    if before is None or after is None or before.state is after.state:
        return failures
    was_reported = after.failing_since is not None
    if not was_reported:
        after = structs.replace(after, failing_since=now)
        await connections.update_connection(work.tenant, after)
    if after.state is ConnectionState.RECONNECT:
        await report_reconnect(work, after, was_reported=was_reported)
    elif not was_reported:
        await report_failing(work, after)
    return failures


async def note_success(work: UnitOfWork, connection_id: UUID) -> None:
    """Records that the account works; if it was reported as failing, reports that it has
    recovered."""
    had_failed = await readings.note_success(work.tenant, connection_id, work.recorded_at)
    if had_failed:
        connection = await connections.find_connection(work.tenant, connection_id)
        assert connection is not None
        await report_recovered(work, connection)


async def note_unreadable(work: UnitOfWork, calendar: ConnectedCalendar, reason: str) -> None:
    """Reports a calendar that a schedule uses and that could not be read for two hours, even if its
    account works otherwise."""
    known_at = calendar.last_synced_at or calendar.created_at
    if known_at > work.recorded_at - FAILING_AFTER:
        return
    if not await calendars.is_used(work.tenant, calendar.id):
        return
    about = calendar.connection_id, FindingKind.UNREADABLE, work.recorded_at
    finding = finding_of_account(*about, reason, calendar.id)
    await report_finding(work, finding)


async def note_readable(work: UnitOfWork, calendar: ConnectedCalendar) -> None:
    """Ends the report that the calendar could not be read, if there is one."""
    known_at = calendar.last_synced_at or calendar.created_at
    if known_at <= work.recorded_at - FAILING_AFTER:
        await findings.end_findings(work.tenant, calendar.id, work.recorded_at)
