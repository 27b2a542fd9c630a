"""Events of Google for the tests, and when they are busy."""

from collections.abc import Iterable
from typing import Any

from kalends.availability.interval import Interval
from kalends.availability.wallclock import zone_named
from kalends.domain.calendars.accounts import CalendarAccount
from kalends.domain.calendars.readings import CalendarObject, Changes, FullReading
from kalends.services.calendars.known.shapes import busy_stretches, read_objects, stored_event
from tests.fakes.google import OWNER
from tests.gateways.readings import DECEMBER, read_all, read_changes

JSON = dict[str, Any]
BERLIN = "Europe/Berlin"


def timed(id_: str, day: int, hour: int, hours: int = 1, **more: Any) -> JSON:
    """In Berlin, in December."""
    return {"id": id_, "start": time_of(day, hour), "end": time_of(day, hour + hours), **more}


def time_of(day: int, hour: int) -> JSON:
    return {"dateTime": f"2026-12-{day:02}T{hour:02}:00:00+01:00", "timeZone": BERLIN}


def days(id_: str, first: int, behind: int, **more: Any) -> JSON:
    """Whole days; the end is exclusive."""
    dates = {"date": f"2026-12-{first:02}"}, {"date": f"2026-12-{behind:02}"}
    return {"id": id_, "start": dates[0], "end": dates[1], **more}


def changed(series: str, day: int, hour: int, to: JSON | None) -> JSON:
    """An occurrence of a series that was moved, or cancelled."""
    start = time_of(day, hour)
    part: JSON = {
        "id": f"{series}_202612{day:02}",
        "recurringEventId": series,
        "originalStartTime": start,
    }
    return {**part, "status": "cancelled"} if to is None else {**part, **to}


def busy(objects: Iterable[CalendarObject]) -> list[str]:
    """When the objects take time in December, in UTC: `01T08-09`; with `?`, `+` and `!` where that
    is tentative, all-day, out of office."""
    read, broken = read_objects(objects, [])
    assert broken == []
    span = Interval(int(DECEMBER.starts_at.timestamp()), int(DECEMBER.ends_at.timestamp()))
    found = busy_stretches([stored_event(one, ()) for one in read], span, zone_named(BERLIN))
    return sorted(
        f"{piece.start_time:%dT%H}-{piece.end_time:%H}"
        + "?" * piece.is_tentative
        + "+" * piece.is_all_day
        + "!" * piece.is_out_of_office
        for piece in found.pieces
    )


async def reading_of(account: CalendarAccount) -> FullReading:
    return await read_all(account, OWNER)


async def changes_of(account: CalendarAccount, token: str) -> Changes:
    return await read_changes(account, OWNER, token)
