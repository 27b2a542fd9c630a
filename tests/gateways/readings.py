"""What an account is asked for by the tests of the gateways, where it answers."""

from datetime import UTC, datetime

from kalends.domain.calendars.accounts import CalendarAccount
from kalends.domain.calendars.readings import Changes, FullReading, ReadingWindow

DECEMBER = ReadingWindow(datetime(2026, 12, 1, tzinfo=UTC), datetime(2027, 1, 1, tzinfo=UTC))


async def read_all(account: CalendarAccount, calendar_url: str) -> FullReading:
    """In December."""
    reading = await account.read_all(calendar_url, DECEMBER)
    assert isinstance(reading, FullReading), reading
    return reading


async def read_changes(account: CalendarAccount, calendar_url: str, token: str) -> Changes:
    changes = await account.read_changes(calendar_url, token)
    assert isinstance(changes, Changes), changes
    return changes
