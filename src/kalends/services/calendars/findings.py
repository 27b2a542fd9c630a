"""Findings: list them, and decide."""

from collections.abc import Mapping
from typing import Final
from uuid import UUID

from msgspec import structs

from kalends.domain.calendars.findings import CalendarFinding, FindingKind, Resolution
from kalends.domain.calendars.links import CalendarLink
from kalends.domain.errors import Invalid
from kalends.domain.ids import BOOKING, CALENDAR_FINDING
from kalends.runtime.unit_of_work import UnitOfWork, require
from kalends.services.calendars.changes_there import cancel_booking, move_booking, restore_event
from kalends.store.bookings.bookings import find_booking
from kalends.store.calendars import findings, links

CHOICES: Final[Mapping[FindingKind, frozenset[Resolution]]] = {
    FindingKind.MOVED: frozenset({Resolution.FOLLOW, Resolution.RESTORE, Resolution.DISMISS}),
    FindingKind.DELETED: frozenset({Resolution.CANCEL, Resolution.RESTORE, Resolution.DISMISS}),
    FindingKind.UNWRITABLE: frozenset({Resolution.RESTORE, Resolution.DISMISS}),
}


async def list_findings(
    work: UnitOfWork, *, is_open: bool, limit: int, offset: int
) -> tuple[list[CalendarFinding], int]:
    """A page, the latest first, and the total."""
    return await findings.list_findings(work.tenant, is_open, limit, offset)


async def lock_finding(work: UnitOfWork, finding_id: UUID) -> CalendarFinding:
    """The finding as it stays until the transaction ends. Raises NotFound."""
    finding = await findings.find_finding_to_change(work.tenant, finding_id)
    return require(finding, CALENDAR_FINDING, finding_id)


async def resolve_finding(
    work: UnitOfWork, finding: CalendarFinding, resolution: Resolution
) -> CalendarFinding:
    """Does what was decided; one that is resolved stays as it is. Raises Invalid, and what a change
    of the booking raises."""
    if finding.resolved_at is not None:
        return finding
    _check(finding, resolution)
    link = await links.find_link(
        work.tenant, finding.calendar_id, finding.subject_id, finding.schedule_id
    )
    if link is not None:
        await _do(work, finding, link, resolution)
    resolved = structs.replace(finding, resolution=resolution, resolved_at=work.recorded_at)
    await findings.resolve_finding(work.tenant, resolved)
    return resolved


def _check(finding: CalendarFinding, resolution: Resolution) -> None:
    choices = CHOICES[finding.kind]
    if resolution not in choices:
        words = ", ".join(sorted(choices))
        raise Invalid.field("resolution", f"must be one of {words} for what was {finding.kind}")
    follows = resolution is Resolution.FOLLOW
    if follows and (finding.is_from is None or finding.booking_id is None):
        raise Invalid.field("resolution", "cannot be follow, as there is no single time to follow")
    if resolution is Resolution.CANCEL and finding.booking_id is None:
        raise Invalid.field("resolution", "cannot be cancel for a session; cancel its bookings")


async def _do(
    work: UnitOfWork, finding: CalendarFinding, link: CalendarLink, resolution: Resolution
) -> None:
    if resolution is Resolution.DISMISS:
        return
    if resolution is Resolution.RESTORE:
        is_there = finding.kind is not FindingKind.DELETED
        await restore_event(work, link, is_there=is_there)
        return
    assert finding.booking_id is not None
    booking = require(
        await find_booking(work.tenant, finding.booking_id), BOOKING, finding.booking_id
    )
    if resolution is Resolution.CANCEL:
        await cancel_booking(work, link, booking)
    else:
        assert finding.is_from is not None
        assert finding.is_until is not None
        await move_booking(work, link, booking, (finding.is_from, finding.is_until))
