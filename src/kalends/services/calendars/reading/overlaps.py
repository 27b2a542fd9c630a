"""Reports events elsewhere that came to overlap a booking. The booking stays."""

from collections.abc import Sequence
from typing import Final
from uuid import UUID

from msgspec import structs

from kalends.domain.calendars.findings import CalendarFinding, FindingKind
from kalends.domain.ids import new_id
from kalends.runtime.unit_of_work import UnitOfWork
from kalends.services.calendars.reports import report_finding
from kalends.store.calendars.findings import Overlap, list_overlaps

MOST_OVERLAPS: Final = 200
SAME_TIME: Final = "It is at the very time of the booking: perhaps it is the same appointment."


async def report_overlaps(work: UnitOfWork, calendar_id: UUID, changed: Sequence[bytes]) -> None:
    """Reports a finding for each booking to come that one of the changed events (by their keys)
    overlaps."""
    if not changed:
        return
    found = await list_overlaps(work.tenant, calendar_id, changed, work.recorded_at, MOST_OVERLAPS)
    for overlap in found:
        await report_finding(work, _finding(work, calendar_id, overlap))


def _finding(work: UnitOfWork, calendar_id: UUID, overlap: Overlap) -> CalendarFinding:
    return CalendarFinding(
        id=new_id(),
        kind=FindingKind.OVERLAP,
        calendar_id=calendar_id,
        subject_id=overlap.booking_id,
        seen_at=work.recorded_at,
        reason=SAME_TIME if overlap.booked == overlap.there else None,
        **structs.asdict(overlap),
    )
