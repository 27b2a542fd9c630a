"""A schedule's calendar to subscribe to: its bookings and busy times, for its owner."""

from collections.abc import Iterator, Sequence
from typing import Final

from msgspec import Struct

from kalends.domain import ids
from kalends.domain.access import Organization
from kalends.domain.booking import Booking, Status
from kalends.domain.schedule import BusyTime, Schedule
from kalends.formats.cleaning import find_link, many_lines, one_line
from kalends.formats.invitations import EventStatus, FeedEntry, Person, feed_ics

BUSY: Final = "Busy"


class Feed(Struct, frozen=True, kw_only=True):
    """What a feed shows; `sender` is the address that mail comes from."""

    organization: Organization
    schedule: Schedule
    bookings: Sequence[Booking]
    busy_times: Sequence[BusyTime]
    sender: str


def feed_bytes(feed: Feed) -> bytes:
    """The feed as iCalendar, its times in UTC; the same for the same things.

    What is cancelled is not in it: calendar programs drop what a feed shows no more.
    """
    organization = one_line(feed.organization.name) or "Kalends"
    return feed_ics(
        f"{one_line(feed.schedule.name)} ({organization})",
        [*map(_booked, feed.bookings), *map(_busy, feed.busy_times)],
        organizer=Person(organization, feed.sender),
    )


def _booked(booking: Booking) -> FeedEntry:
    """One UID for a booking's life, the one of its invitations."""
    who = one_line(booking.attendee_name) or booking.attendee_email
    title, location = one_line(booking.title or ""), one_line(booking.location or "")
    link = find_link(location)
    is_request = booking.status == Status.PENDING
    return FeedEntry(
        uid=f"{ids.shown(ids.BOOKING, booking.id)}@kalends",
        sequence=booking.version - 1,
        status=EventStatus.TENTATIVE if is_request else EventStatus.CONFIRMED,
        starts_at=booking.start_time,
        ends_at=booking.end_time,
        zone="UTC",
        summary=f"{title} ({who})" if title else who,
        description="\n".join(_about(booking)),
        location=location or None,
        url=link if link and link.startswith("http") else None,
        stamp=booking.updated_at,
    )


def _about(booking: Booking) -> Iterator[str]:
    yield f"Attendee: {one_line(booking.attendee_name)}"
    yield f"E-mail: {one_line(booking.attendee_email)}"
    if phone := one_line(booking.attendee_phone or ""):
        yield f"Phone: {phone}"
    if notes := many_lines(booking.attendee_notes or ""):
        yield f"Notes: {notes}"
    yield f"Booking: {ids.shown(ids.BOOKING, booking.id)}"


def _busy(busy: BusyTime) -> FeedEntry:
    return FeedEntry(
        uid=f"{ids.shown(ids.BUSY_TIME, busy.id)}@kalends",
        sequence=0,
        status=EventStatus.CONFIRMED,
        starts_at=busy.start_time,
        ends_at=busy.end_time,
        zone="UTC",
        summary=BUSY,
        description=many_lines(busy.reason or "") or None,
        stamp=busy.created_at,
    )
