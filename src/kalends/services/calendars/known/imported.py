"""Recognizes events that the source of imported bookings has written into calendars that we
read."""

from collections.abc import Iterable, Mapping
from typing import Final
from uuid import UUID

from msgspec import Struct

from kalends.availability.recurrence.occurrences import interval_of
from kalends.availability.recurrence.zones import zone_of
from kalends.availability.wallclock import zone_named
from kalends.formats.icalendar.reading.calendar import CalendarEvent
from kalends.formats.icalendar.reading.events import hash_uid
from kalends.store.calendars.imported import ImportedBooking

# The forms that the uid of a row takes as the UID of an event, in Cal.com and in the calendars that
# it writes.
ENDINGS: Final = ("", "@cal.com", "@Cal.com", "@google.com")
_UTC: Final = zone_named("UTC")


class ImportedEvents(Struct, frozen=True):
    """The imported bookings whose events may be there, by UID and by times (epoch seconds)."""

    by_uid: Mapping[bytes, UUID] = {}
    by_times: Mapping[tuple[int, int], UUID] = {}

    def booking_of(self, event: CalendarEvent) -> UUID | None:
        """The booking that the event is for: by its UID, else one of exactly the same times."""
        known = None if event.uid_hash is None else self.by_uid.get(event.uid_hash)
        if known is not None:
            return known
        shape, changed = event.series
        if not self.by_times or shape is None or changed or shape.rules or shape.additions:
            return None
        if shape.zone is None:
            return None
        when = interval_of(shape, shape.start, shape.length, zone_of(shape.zone, _UTC))
        return self.by_times.get((when.start, when.end))


def imported_events(bookings: Iterable[ImportedBooking]) -> ImportedEvents:
    by_uid: dict[bytes, UUID] = {}
    by_times: dict[tuple[int, int], UUID] = {}
    for booking in bookings:
        for ending in ENDINGS:
            by_uid.setdefault(hash_uid(booking.uid + ending), booking.id)
        if booking.is_read_here:
            times = int(booking.start_time.timestamp()), int(booking.end_time.timestamp())
            by_times.setdefault(times, booking.id)
    return ImportedEvents(by_uid, by_times)
