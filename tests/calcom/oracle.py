"""What has to be here, worked out from what is there, by rules of its own."""

from tests.calcom.conftest import Desk
from tests.fakes.calcom import FakeCalcom
from tests.world import JSON

STATUS = {
    "accepted": "CONFIRMED",
    "pending": "PENDING",
    "awaiting_host": "PENDING",
    "cancelled": "CANCELLED",
    "rejected": "CANCELLED",
}
Line = tuple[str, str, str, str]


def there(calcom: FakeCalcom) -> list[Line]:
    """Uid, start, status and attendee of each chain's newest row, and of each of its seats."""
    lines: list[Line] = []
    for row in calcom.rows.values():
        if row.get("rescheduledToUid") in calcom.rows:
            continue
        is_seated = any(a.get("seatUid") for a in row["attendees"])
        for attendee in row["attendees"] if is_seated else row["attendees"][:1]:
            status = STATUS[row["status"]]
            if status == "CONFIRMED" and attendee.get("absent"):
                status = "NO_SHOW"
            start = row["start"].replace(".000Z", "Z")
            lines.append((row["uid"], start, status, attendee["email"]))
    return sorted(lines)


def here(desk: Desk) -> list[Line]:
    return sorted(line_of(booking) for booking in desk.bookings())


def line_of(booking: JSON) -> Line:
    uid, email = booking["external"]["uid"], booking["attendee"]["email"]
    return uid, booking["start_time"], booking["status"], email


def check_same(desk: Desk) -> None:
    """Both sides say the same, and nothing says it twice."""
    assert here(desk) == there(desk.calcom)
