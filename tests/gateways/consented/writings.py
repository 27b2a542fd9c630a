"""An event of ours for the tests, as it is written first and later."""

from datetime import UTC, datetime

from msgspec.structs import replace

from kalends.domain.calendars.accounts import CalendarAccount
from kalends.domain.calendars.writings import Conflict, ObjectWritten
from kalends.formats.icalendar.invitations import EventStatus
from kalends.formats.icalendar.written import WrittenEvent, written_ics

UID = "bk_0352lF5NnllfIJ66lPpfc3-1-0123abcd@kalends"
EVENT = WrittenEvent(
    starts_at=datetime(2026, 12, 1, 8, tzinfo=UTC),
    ends_at=datetime(2026, 12, 1, 9, tzinfo=UTC),
    status=EventStatus.CONFIRMED,
    summary="Cut, wash; dry \\ (Ada)",
    description="One line\nand another, with a\\n that is none",
    location="Room 1",
    recorded_at=datetime(2026, 11, 1, tzinfo=UTC),
    sequence=0,
    booking_id=None,
)
DATA = written_ics(EVENT, UID)
LATER = written_ics(
    replace(EVENT, location=None, ends_at=datetime(2026, 12, 1, 10, tzinfo=UTC)), UID
)


async def write(
    account: CalendarAccount,
    calendar_url: str,
    href: str,
    data: bytes = DATA,
    etag: str | None = None,
) -> ObjectWritten:
    came = await account.write_object(calendar_url, href, data, etag)
    assert isinstance(came, ObjectWritten), came
    return came


async def meet_ours(
    account: CalendarAccount, calendar_url: str, href: str, data: bytes = DATA
) -> Conflict:
    """Creates it where an event of ours is already."""
    came = await account.write_object(calendar_url, href, data)
    assert isinstance(came, Conflict), came
    assert came.is_ours
    return came
