"""A booking that nobody made, for who wants to see a mail before there is one."""

from datetime import datetime, timedelta
from typing import Final

from kalends.domain.booking import Status
from kalends.domain.message_template import TemplateKind
from kalends.formats.bookings import Attendee, BookingBody, External
from kalends.translation import gettext

STATUS_OF: Final = {
    TemplateKind.REQUESTED: Status.PENDING,
    TemplateKind.CANCELLED: Status.CANCELLED,
}


def example_booking(now: datetime, zone: str, location: str | None) -> BookingBody:
    """The day after tomorrow, for an hour; in the language of the context."""
    start = now.replace(minute=0, second=0, microsecond=0) + timedelta(days=2)
    name, email = gettext("Ada Lovelace"), "ada@example.com"
    return BookingBody(
        id="bk_0352lF5NnllfIJ66lPpfc3",
        schedule_id="sch_0352lF5NnllfIJ66lPpfc3",
        schedule_ids=["sch_0352lF5NnllfIJ66lPpfc3"],
        event_type_id=None,
        status=Status.CONFIRMED,
        start_time=start,
        end_time=start + timedelta(hours=1),
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
