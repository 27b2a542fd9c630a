"""An example booking, for previews of mails before there is a real one."""

from datetime import UTC, datetime, timedelta
from typing import Final

from kalends.availability.interval import DAY_SECONDS, HOUR_SECONDS
from kalends.domain.booking import Status
from kalends.domain.message_template import TemplateKind
from kalends.formats.bookings import Attendee, BookingBody, External
from kalends.formats.times import known_zone
from kalends.translation import gettext

AT_HOUR: Final = 10
STATUS_OF: Final = {
    TemplateKind.REQUESTED: Status.PENDING,
    TemplateKind.CANCELLED: Status.CANCELLED,
}


def example_booking(
    now: datetime, zone: str, location: str | None, length: timedelta
) -> BookingBody:
    """A booking the day after tomorrow at ten in the zone, in the language of the context."""
    local = known_zone(zone)
    today = local.wall_at(int(now.timestamp())) // DAY_SECONDS
    wall = (today + 2) * DAY_SECONDS + AT_HOUR * HOUR_SECONDS
    start = datetime.fromtimestamp(local.instant_of(wall), UTC)
    name, email = gettext("Ada Lovelace"), "ada@example.com"
    return BookingBody(
        id="bk_0352lF5NnllfIJ66lPpfc3",
        schedule_id="sch_0352lF5NnllfIJ66lPpfc3",
        schedule_ids=["sch_0352lF5NnllfIJ66lPpfc3"],
        event_type_id=None,
        status=Status.CONFIRMED,
        start_time=start,
        end_time=start + length,
        timezone=zone,
        title=None,
        location=location,
        location_type=None,
        attendee_name=name,
        attendee_email=email,
        attendee=Attendee(name, email, None, None, None),
        answers={},
        metadata={},
        source="page",
        external=External(None, None),
        conflict=False,
        cancellation_reason=None,
        created_at=now,
        updated_at=now,
    )
