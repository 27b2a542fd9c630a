"""The public JSON of findings of calendars."""

from datetime import datetime
from typing import Annotated, Any

from msgspec import Meta, Struct

from kalends.domain import ids
from kalends.domain.calendars.findings import CalendarFinding, FindingKind, Resolution


class CalendarFindingBody(Struct, frozen=True):
    """What was seen of an event of a booking in a calendar elsewhere."""

    id: Annotated[str, Meta(examples=["cfd_0352lF5NnllfIJ66lPpfc3"])]
    kind: Annotated[
        FindingKind,
        Meta(description="The event was `moved` or `deleted` there, or is `unwritable`."),
    ]
    booking_id: Annotated[str | None, Meta(description="The booking; null for a session.")]
    schedule_id: str
    calendar_id: str
    seen_at: Annotated[datetime, Meta(description="When it was seen.")]
    was_from: Annotated[datetime | None, Meta(description="When its event was to start.")]
    was_until: Annotated[datetime | None, Meta(description="When its event was to end.")]
    is_from: Annotated[
        datetime | None, Meta(description="When it starts there; null where that is no one time.")
    ]
    is_until: Annotated[datetime | None, Meta(description="When it ends there.")]
    reason: Annotated[
        str | None, Meta(description="Why the booking could not follow, as a sentence.")
    ]
    resolution: Annotated[
        Resolution | None, Meta(description="What was decided; null while it is open.")
    ]
    resolved_at: Annotated[datetime | None, Meta(description="When that was decided.")]


def show_finding(finding: CalendarFinding) -> dict[str, Any]:
    """The finding as the API shows it: the fields of `CalendarFindingBody`."""
    f = finding
    return {
        "id": ids.encode_id(ids.CALENDAR_FINDING, f.id),
        "kind": f.kind,
        "booking_id": ids.encode_id_or_none(ids.BOOKING, f.booking_id),
        "schedule_id": ids.encode_id(ids.SCHEDULE, f.schedule_id),
        "calendar_id": ids.encode_id(ids.CALENDAR, f.calendar_id),
        "seen_at": f.seen_at,
        "was_from": f.was_from,
        "was_until": f.was_until,
        "is_from": f.is_from,
        "is_until": f.is_until,
        "reason": f.reason,
        "resolution": f.resolution,
        "resolved_at": f.resolved_at,
    }
