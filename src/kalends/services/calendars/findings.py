"""Calendar findings: list them, and resolve them."""

from collections.abc import Sequence
from uuid import UUID

from msgspec import Struct, structs

from kalends.domain.calendars.findings import CalendarFinding, FindingKind, FindingNames, Resolution
from kalends.domain.calendars.links import CalendarLink
from kalends.domain.errors import Invalid
from kalends.domain.ids import BOOKING, CALENDAR_FINDING
from kalends.runtime.unit_of_work import UnitOfWork, require
from kalends.services.calendars.changes_there import cancel_booking, move_booking, restore_event
from kalends.store.bookings.bookings import find_booking
from kalends.store.calendars import findings, links
from kalends.store.calendars.findings import FindingsSeen


class ShownFinding(Struct, frozen=True):
    """A finding, and the names of what it is about."""

    finding: CalendarFinding
    names: FindingNames


async def list_findings(
    work: UnitOfWork, *, is_open: bool, limit: int, offset: int
) -> tuple[list[CalendarFinding], int]:
    """A page of the findings that the caller sees, the latest first, and the total."""
    return await findings.list_findings(work.tenant, _seen(work), is_open, limit, offset)


async def list_shown(
    work: UnitOfWork, *, limit: int, offset: int
) -> tuple[list[ShownFinding], int]:
    """A page of the open findings that the caller sees, with names, and the total."""
    found, total = await list_findings(work, is_open=True, limit=limit, offset=offset)
    return await shown_findings(work, found), total


async def shown_findings(work: UnitOfWork, found: Sequence[CalendarFinding]) -> list[ShownFinding]:
    """The findings with the names of what they are about."""
    names = await findings.name_findings(work.tenant, [finding.id for finding in found])
    return [ShownFinding(finding, names[finding.id]) for finding in found]


async def decide_finding(
    work: UnitOfWork, finding_id: UUID, resolution: Resolution | None
) -> CalendarFinding:
    """Locks the finding and resolves it. Raises NotFound, Invalid without a resolution, and what
    `resolve_finding` raises."""
    finding = await lock_finding(work, finding_id)
    if resolution is None:
        raise Invalid.field("resolution", "is required")
    return await resolve_finding(work, finding, resolution)


def _seen(work: UnitOfWork) -> FindingsSeen:
    only = work.caller.only_schedules
    return FindingsSeen(None if only is None else list(only), work.caller.only_user_id)


async def lock_finding(work: UnitOfWork, finding_id: UUID) -> CalendarFinding:
    """The finding, locked until the transaction ends. Raises NotFound."""
    found = await findings.find_finding_to_change(work.tenant, _seen(work), finding_id)
    return require(found, CALENDAR_FINDING, finding_id)


async def resolve_finding(
    work: UnitOfWork, finding: CalendarFinding, resolution: Resolution
) -> CalendarFinding:
    """Carries out the resolution; a finding that is resolved already stays as it is. Raises
    Invalid, and what changing the booking raises."""
    if finding.resolved_at is not None:
        return finding
    _check(finding, resolution)
    if resolution is not Resolution.DISMISS:
        await _do(work, finding, resolution)
    resolved = structs.replace(finding, resolution=resolution, resolved_at=work.recorded_at)
    await findings.resolve_finding(work.tenant, resolved)
    return resolved


def _check(finding: CalendarFinding, resolution: Resolution) -> None:
    if resolution not in finding.choices:
        words = ", ".join(sorted(finding.choices))
        raise Invalid.field("resolution", f"must be one of {words} for this one")


async def _do(work: UnitOfWork, finding: CalendarFinding, resolution: Resolution) -> None:
    link = await _link_of(work, finding)
    if resolution is Resolution.RESTORE:
        if link is not None:
            is_there = finding.kind is not FindingKind.DELETED
            await restore_event(work, link, is_there=is_there)
        return
    assert finding.booking_id is not None
    booking = require(
        await find_booking(work.tenant, finding.booking_id), BOOKING, finding.booking_id
    )
    if resolution is Resolution.CANCEL:
        await cancel_booking(work, link, booking)
    elif link is not None:
        assert finding.there is not None
        await move_booking(work, link, booking, finding.there)


async def _link_of(work: UnitOfWork, finding: CalendarFinding) -> CalendarLink | None:
    """The link of our event that the finding is about; None if it is about another event."""
    f = finding
    if f.kind is FindingKind.OVERLAP or f.calendar_id is None or f.schedule_id is None:
        return None
    return await links.find_link(work.tenant, f.calendar_id, f.subject_id, f.schedule_id)
