"""Adding a booking to the attendee's own calendar: a file, and links to two common calendars."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final
from urllib.parse import urlencode

from kalends.domain.booking import Status
from kalends.domain.ids import BOOKING, encode_id
from kalends.formats.cleaning import one_line
from kalends.formats.icalendar.invitations import EventStatus, FeedEntry, feed_ics
from kalends.formats.person import Person
from kalends.services.self_service import LinkedBooking
from kalends.translation import gettext, pgettext
from kalends.web.pages.labels import LOCATION_TYPES

GOOGLE: Final = "https://calendar.google.com/calendar/render"
OUTLOOK: Final = "https://outlook.live.com/calendar/0/action/compose"
STATUSES: Final = {
    Status.PENDING: EventStatus.TENTATIVE,
    Status.CANCELLED: EventStatus.CANCELLED,
    Status.NO_SHOW: EventStatus.CANCELLED,
}


@dataclass(frozen=True)
class CalendarLinks:
    google: str
    outlook: str


def calendar_links(opened: LinkedBooking, called: str) -> CalendarLinks:
    """The links that add the booking under that title. They leave out its self-service link, which
    would be disclosed to another site."""
    booking = opened.booking
    title, place = title_of(opened, called), place_of(opened) or ""
    google = {
        "action": "TEMPLATE",
        "text": title,
        "dates": f"{_basic(booking.start_time)}/{_basic(booking.end_time)}",
        "location": place,
    }
    outlook = {
        "path": "/calendar/action/compose",
        "rru": "addevent",
        "subject": title,
        "startdt": _extended(booking.start_time),
        "enddt": _extended(booking.end_time),
        "location": place,
    }
    return CalendarLinks(f"{GOOGLE}?{urlencode(google)}", f"{OUTLOOK}?{urlencode(outlook)}")


def calendar_file(opened: LinkedBooking, called: str, url: str, sender: str) -> bytes:
    """The booking as a file. It has the same UID as the invitation in the mail, so that a calendar
    shows it only once."""
    booking = opened.booking
    entry = FeedEntry(
        uid=f"{encode_id(BOOKING, booking.id)}@kalends",
        sequence=booking.version - 1,
        status=STATUSES.get(booking.status, EventStatus.CONFIRMED),
        starts_at=booking.start_time,
        ends_at=booking.end_time,
        zone=zone_of(opened),
        summary=title_of(opened, called),
        recorded_at=booking.updated_at,
        location=place_of(opened),
        description=_with_whom(opened),
        url=url,
    )
    name = opened.organization.name
    return feed_ics(name, [entry], organizer=Person(name, sender))


def place_of(opened: LinkedBooking) -> str | None:
    """The location as the attendee sees it now, or else its type."""
    kind = opened.booking.location_type
    if opened.location or not (kind or opened.booking.location):
        return opened.location
    return str(LOCATION_TYPES[kind or "online"])


def _with_whom(opened: LinkedBooking) -> str | None:
    if not opened.booking.hosts:
        return None
    names = ", ".join(one_line(host.name) for host in opened.booking.hosts)
    return gettext("{label}: {value}", label=pgettext("hosts", "With"), value=names)


def title_of(opened: LinkedBooking, called: str) -> str:
    name = opened.organization.name
    return f"{called} ({name})" if called else name


def zone_of(opened: LinkedBooking) -> str:
    booking, fixed = opened.booking, opened.fixed_zone
    return fixed.name if fixed else booking.attendee_timezone or booking.timezone


def _basic(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y%m%dT%H%M%SZ")


def _extended(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
