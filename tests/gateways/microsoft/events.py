"""Events of Graph for the tests, as they are put into its calendars."""

from typing import Any

from kalends.domain.calendars.accounts import CalendarAccount
from kalends.domain.calendars.readings import Changes, FullReading
from tests.fakes.microsoft import CALENDAR
from tests.gateways.readings import read_all, read_changes

JSON = dict[str, Any]


def timed(id_: str, day: int, hour: int, hours: int = 1, **more: Any) -> JSON:
    """In UTC, in December."""
    return {"id": id_, "start": time_of(day, hour), "end": time_of(day, hour + hours), **more}


def time_of(day: int, hour: int) -> JSON:
    return {"dateTime": f"2026-12-{day:02}T{hour:02}:00:00", "timeZone": "UTC"}


def days(id_: str, first: int, behind: int, **more: Any) -> JSON:
    """Whole days; the end is exclusive."""
    times = {"start": time_of(first, 0), "end": time_of(behind, 0)}
    return {"id": id_, **times, "isAllDay": True, **more}


def weekly(*numbers: int, hour: int = 9) -> list[tuple[JSON, JSON]]:
    """Times of occurrences on those days of December."""
    return [(time_of(day, hour), time_of(day, hour + 1)) for day in numbers]


async def reading_of(account: CalendarAccount) -> FullReading:
    return await read_all(account, CALENDAR)


async def changes_of(account: CalendarAccount, token: str) -> Changes:
    return await read_changes(account, CALENDAR, token)
