"""The time zones of stored schedules, organizations and bookings.

The API accepts only names of zones that exist. Where a stored name does not, because somebody
changed it by hand or new time-zone data has dropped it, the error names the row to be repaired.
"""

from uuid import UUID

import structlog

from kalends.availability.wallclock import UnknownZone, Zone, zone_named
from kalends.domain.access import Organization
from kalends.domain.booking import Booking
from kalends.domain.errors import BrokenZone
from kalends.domain.ids import BOOKING, NOUNS, ORGANIZATION, SCHEDULE, encode_id
from kalends.domain.schedule import Schedule

log = structlog.get_logger("kalends.zones")


def zone_of_schedule(schedule: Schedule) -> Zone:
    """Raises BrokenZone."""
    return _zone_of(SCHEDULE, schedule.id, schedule.timezone)


def zone_of_organization(organization: Organization) -> Zone:
    """Raises BrokenZone."""
    return _zone_of(ORGANIZATION, organization.id, organization.timezone)


def zone_of_booking(booking: Booking) -> Zone:
    """Raises BrokenZone."""
    return _zone_of(BOOKING, booking.id, booking.timezone)


def _zone_of(prefix: str, id_: UUID, name: str) -> Zone:
    try:
        return zone_named(name)
    except UnknownZone as error:
        row = encode_id(prefix, id_)
        log.error("a zone is broken", row=row, zone=name)
        raise BrokenZone(
            f"The time zone of the {NOUNS[prefix]} {row} is {name!r}, which does not exist. "
            "Set one such as Europe/Berlin."
        ) from error
