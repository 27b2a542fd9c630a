"""What follows from a change: the event that is written down, and the jobs that it starts."""

from typing import Final

from kalends.domain.booking import Booking, Status
from kalends.formats.bookings import booking_json
from kalends.services.work import Work

CREATED: Final = "booking.created"
CONFIRMED: Final = "booking.confirmed"
CANCELLED: Final = "booking.cancelled"
COMPLETED: Final = "booking.completed"
NO_SHOW: Final = "booking.no_show"
RESCHEDULED: Final = "booking.rescheduled"
UPDATED: Final = "booking.updated"

OF_STATUS: Final = {
    Status.CONFIRMED: CONFIRMED,
    Status.CANCELLED: CANCELLED,
    Status.COMPLETED: COMPLETED,
    Status.NO_SHOW: NO_SHOW,
}

# What follows from what, beside the event row itself: the names of the jobs that are written in
# the same transaction.
CONSEQUENCES: Final[dict[str, tuple[str, ...]]] = {
    CREATED: (),
    CONFIRMED: (),
    CANCELLED: (),
    COMPLETED: (),
    NO_SHOW: (),
    RESCHEDULED: (),
    UPDATED: (),
}


def announce(work: Work, kind: str, booking: Booking, *, override: bool = False) -> None:
    """Writes the event down, and what follows from it."""
    assert kind in CONSEQUENCES
    work.happened(kind, booking.id, booking_json(booking), override)


def announce_change(work: Work, before: Booking, after: Booking, *, override: bool) -> None:
    """One change is one event: of the new status, else of the new time, else of the details."""
    if after.status != before.status:
        kind = OF_STATUS[after.status]
    elif (after.start_time, after.end_time) != (before.start_time, before.end_time):
        kind = RESCHEDULED
    else:
        kind = UPDATED
    announce(work, kind, after, override=override)
