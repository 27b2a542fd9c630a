"""The calendar feed of a schedule, with its bookings and busy times, for its owner."""

from collections.abc import Iterator, Mapping, Sequence
from heapq import merge
from uuid import UUID

from msgspec import Struct

from kalends.domain import ids
from kalends.domain.access import Organization
from kalends.domain.booking import Booking, Status
from kalends.domain.event_type import EventType
from kalends.domain.location import visible_location
from kalends.domain.schedule import BusyTime, Schedule
from kalends.formats.answers import label_answers
from kalends.formats.cleaning import find_link, many_lines, one_line
from kalends.formats.icalendar.invitations import EventStatus, FeedEntry, feed_pieces, order_of
from kalends.formats.person import Person
from kalends.translation import gettext


class Feed(Struct, frozen=True, kw_only=True):
    """The content of a feed, sorted by start, then id. `sender` is the address that mail comes
    from; `event_types` are those of the bookings, by id."""

    organization: Organization
    schedule: Schedule
    bookings: Sequence[Booking]
    busy_times: Sequence[BusyTime]
    event_types: Mapping[UUID, EventType]
    sender: str


def pieces_of_feed(feed: Feed) -> Iterator[bytes]:
    """The feed as iCalendar with times in UTC; deterministic. Each piece is made lazily, and has a
    limited number of entries.

    Cancelled bookings are left out, as calendar programs drop what a feed does not show any more.
    """
    organization = one_line(feed.organization.name) or "Kalends"
    booked = (_booked(booking, feed) for booking in feed.bookings)
    return feed_pieces(
        f"{one_line(feed.schedule.name)} ({organization})",
        merge(booked, map(_busy, feed.busy_times), key=order_of),
        organizer=Person(organization, feed.sender),
    )


def _booked(booking: Booking, feed: Feed) -> FeedEntry:
    """The entry of a booking. It has the UID of the booking's invitations, which never changes."""
    who = one_line(booking.attendee_name) or booking.attendee_email
    title, location = one_line(booking.title or ""), _place(booking)
    link = find_link(location)
    is_request = booking.status == Status.PENDING
    return FeedEntry(
        uid=f"{ids.encode_id(ids.BOOKING, booking.id)}@kalends",
        sequence=booking.version - 1,
        status=EventStatus.TENTATIVE if is_request else EventStatus.CONFIRMED,
        starts_at=booking.start_time,
        ends_at=booking.end_time,
        zone="UTC",
        summary=f"{title} ({who})" if title else who,
        description="\n".join(_about(booking, feed)),
        location=location or None,
        url=link if link and link.startswith("http") else None,
        recorded_at=booking.updated_at,
    )


def _place(booking: Booking) -> str:
    """The location as the attendee sees it, as not only staff may read a feed."""
    location = visible_location(booking.status, booking.location, booking.location_type)
    return one_line(location or "")


def _about(booking: Booking, feed: Feed) -> Iterator[str]:
    yield _line(gettext("Attendee"), one_line(booking.attendee_name))
    yield _line(gettext("E-mail"), one_line(booking.attendee_email))
    if phone := one_line(booking.attendee_phone or ""):
        yield _line(gettext("Phone"), phone)
    if notes := many_lines(booking.attendee_notes or ""):
        yield _line(gettext("Notes"), notes)
    event_type = feed.event_types.get(booking.event_type_id) if booking.event_type_id else None
    for answer in label_answers(booking.answers, event_type.questions if event_type else ()):
        yield _line(one_line(answer.label), many_lines(answer.text))
    yield _line(gettext("Booking"), ids.encode_id(ids.BOOKING, booking.id))


def _line(label: str, value: str) -> str:
    return gettext("{label}: {value}", label=label, value=value)


def _busy(busy: BusyTime) -> FeedEntry:
    return FeedEntry(
        uid=f"{ids.encode_id(ids.BUSY_TIME, busy.id)}@kalends",
        sequence=0,
        status=EventStatus.CONFIRMED,
        starts_at=busy.start_time,
        ends_at=busy.end_time,
        zone="UTC",
        summary=gettext("Busy"),
        description=many_lines(busy.reason or "") or None,
        recorded_at=busy.created_at,
    )
