"""The public JSON of findings of calendars."""

from datetime import datetime
from typing import Annotated, Any

from msgspec import Meta, Struct

from kalends.domain import ids
from kalends.domain.calendars.findings import NO_SPAN, CalendarFinding, FindingKind, Resolution
from kalends.formats.described import about


class CalendarFindingBody(Struct, frozen=True):
    """Something found in a calendar elsewhere that needs somebody's decision."""

    id: Annotated[str, Meta(examples=["cfd_0352lF5NnllfIJ66lPpfc3"])]
    kind: Annotated[
        FindingKind,
        about(
            "`moved` or `deleted`: that happened to the booking's event there. `unwritable`: the "
            "event cannot be written. `overlap`: another event there overlaps the booking. "
            "`unreadable`: a calendar that is used could not be read for two hours. `reconnect`: "
            "its account needs somebody to sign in again. The last two end by themselves."
        ),
    ]
    booking_id: Annotated[
        str | None, about("The booking; null for a session, or if it is about no booking.")
    ]
    schedule_id: Annotated[
        str | None, about("The booking's schedule; null if it is about no booking.")
    ]
    calendar_id: Annotated[str | None, about("The calendar; null if it is about a whole account.")]
    connection_id: Annotated[str | None, about("The connection to its account.")]
    seen_at: Annotated[datetime, about("When it was found.")]
    was_from: Annotated[datetime | None, about("When the booking's event should start.")]
    was_until: Annotated[datetime | None, about("When the booking's event should end.")]
    is_from: Annotated[
        datetime | None,
        about("When the event there starts; null if it has no single time, or is gone."),
    ]
    is_until: Annotated[datetime | None, about("When the event there ends.")]
    reason: Annotated[
        str | None, about("Why somebody has to decide, as a sentence, if that is known.")
    ]
    resolution: Annotated[
        Resolution | None,
        about("What was decided; null while it is open, or if it ended by itself."),
    ]
    resolved_at: Annotated[datetime | None, about("When it was decided, or ended by itself.")]


def show_finding(finding: CalendarFinding) -> dict[str, Any]:
    """The finding as the API shows it: the fields of `CalendarFindingBody`."""
    f = finding
    (was_from, was_until), (is_from, is_until) = f.booked or NO_SPAN, f.there or NO_SPAN
    return {
        "id": ids.encode_id(ids.CALENDAR_FINDING, f.id),
        "kind": f.kind,
        "booking_id": ids.encode_id_or_none(ids.BOOKING, f.booking_id),
        "schedule_id": ids.encode_id_or_none(ids.SCHEDULE, f.schedule_id),
        "calendar_id": ids.encode_id_or_none(ids.CALENDAR, f.calendar_id),
        "connection_id": ids.encode_id_or_none(ids.CALENDAR_CONNECTION, f.connection_id),
        "seen_at": f.seen_at,
        "was_from": was_from,
        "was_until": was_until,
        "is_from": is_from,
        "is_until": is_until,
        "reason": f.reason,
        "resolution": f.resolution,
        "resolved_at": f.resolved_at,
    }
