"""The events that we write into calendars elsewhere (RFC 5545, RFC 4791 4.1).

They name no organizer and no attendee, so that no server invites anybody (RFC 6638 3.2.1: servers
only schedule events with an organizer). The output is deterministic.
"""

import hashlib
from datetime import datetime

from msgspec import Struct, json, structs

from kalends.domain.booking import Booking, Status
from kalends.domain.calendars.policies import EventDetails
from kalends.domain.ids import BOOKING, encode_id_or_none
from kalends.domain.location import visible_location
from kalends.formats.cleaning import many_lines, one_line
from kalends.formats.icalendar.contentlines import component, content_line, to_bytes
from kalends.formats.icalendar.invitations import PRODUCT, EventStatus, FeedEntry, entry_lines
from kalends.translation import gettext

DIGEST_BYTES = 16


class WrittenEvent(Struct, frozen=True, kw_only=True):
    """The content of an event. Times are instants in UTC; `recorded_at` and `sequence` are those of
    the latest change."""

    starts_at: datetime
    ends_at: datetime
    status: EventStatus
    summary: str
    description: str | None
    location: str | None
    recorded_at: datetime
    sequence: int
    booking_id: str | None

    @property
    def digest(self) -> bytes:
        """A digest that is equal for events that calendars would show alike."""
        shown = structs.replace(self, recorded_at=self.starts_at, sequence=0)
        return hashlib.blake2b(json.encode(shown), digest_size=DIGEST_BYTES).digest()


def event_of_booking(booking: Booking, details: EventDetails) -> WrittenEvent:
    """The event of one booking, in the language of the context."""
    who = one_line(booking.attendee_name) or booking.attendee_email or ""
    title = one_line(booking.title or "") or gettext("Booking")
    location = visible_location(booking.status, booking.location, booking.location_type)
    return WrittenEvent(
        starts_at=booking.start_time,
        ends_at=booking.end_time,
        status=_status(booking.status == Status.PENDING),
        summary=title if details is EventDetails.NONE else f"{title} ({who})",
        description=_about(booking) if details is EventDetails.ALL else None,
        location=one_line(location or "") or None,
        recorded_at=booking.updated_at,
        sequence=booking.version - 1,
        booking_id=encode_id_or_none(BOOKING, booking.id),
    )


def event_of_session(
    seats: list[Booking], details: EventDetails, capacity: int | None = None
) -> WrittenEvent:
    """One event for all seats that start together, with their number and, by `details`, names."""
    first = seats[0]
    title = one_line(first.title or "") or gettext("Booking")
    names = [one_line(seat.attendee_name) or seat.attendee_email or "" for seat in seats]
    location = visible_location(first.status, first.location, first.location_type)
    return WrittenEvent(
        starts_at=first.start_time,
        ends_at=max(seat.end_time for seat in seats),
        status=_status(all(seat.status == Status.PENDING for seat in seats)),
        summary=f"{title} ({len(seats)})",
        description=None if details is EventDetails.NONE else "\n".join(names),
        location=one_line(location or "") or None,
        recorded_at=max(seat.updated_at for seat in seats),
        sequence=sum(seat.version for seat in seats) - len(seats),
        booking_id=None,
    )


def written_ics(event: WrittenEvent, uid: str) -> bytes:
    entry = FeedEntry(
        uid=uid,
        sequence=event.sequence,
        status=event.status,
        starts_at=event.starts_at,
        ends_at=event.ends_at,
        zone="UTC",
        summary=event.summary,
        description=event.description,
        location=event.location,
        recorded_at=event.recorded_at,
    )
    head = (
        content_line("VERSION", "2.0"),
        content_line("PRODID", PRODUCT),
        content_line("CALSCALE", "GREGORIAN"),
    )
    vevent = component("VEVENT", entry_lines(entry))
    return to_bytes(component("VCALENDAR", (*head, *vevent)))


def _status(is_tentative: bool) -> EventStatus:
    return EventStatus.TENTATIVE if is_tentative else EventStatus.CONFIRMED


def _about(booking: Booking) -> str:
    lines = [
        _line(gettext("Attendee"), one_line(booking.attendee_name)),
        _line(gettext("E-mail"), one_line(booking.attendee_email or "")),
    ]
    if phone := one_line(booking.attendee_phone or ""):
        lines.append(_line(gettext("Phone"), phone))
    if notes := many_lines(booking.attendee_notes or ""):
        lines.append(_line(gettext("Notes"), notes))
    return "\n".join(lines)


def _line(label: str, value: str) -> str:
    return gettext("{label}: {value}", label=label, value=value)
