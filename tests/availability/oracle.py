"""The oracle: docs/slots.md read aloud, one UTC minute after the other. Slow, and nothing clever.

Only for zones whose offsets are whole minutes, and busy times that begin and end on a minute.
"""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from functools import cache
from importlib import resources
from zoneinfo import ZoneInfo

from kalends.availability.hours import Hours
from kalends.availability.interval import DAY_SECONDS, MINUTE_SECONDS, Interval
from kalends.availability.slot_inputs import Calendar, SlotTerms

ONE_DAY = timedelta(days=1)


def walk(calendar: Calendar, terms: SlotTerms, now: int, span: Interval) -> list[int]:
    """The starts that rules 1 to 6 offer on one schedule within `span`."""
    around = span.widened(3 * DAY_SECONDS, terms.duration + DAY_SECONDS)
    by_minute = {m: _dates_of(m, calendar) for m in _minutes(around)}
    busy = {m for times in (calendar.busy, calendar.occupied) for b in times for m in _minutes(b)}
    booked = [_local(start, calendar).date() for start in calendar.booked]
    notices = [terms.notice or 0, calendar.notice or 0]

    def is_offered(start: int) -> bool:
        end = start + terms.duration
        taken = _minutes((start - terms.buffer_before, end + terms.buffer_after))
        limit = calendar.max_per_day
        return (
            span.start <= start < span.end
            and all(by_minute[m] for m in _minutes((start, end)))
            and not any(m in busy for m in taken)
            and start >= now + max(notices)
            and (limit is None or booked.count(_local(start, calendar).date()) < limit)
        )

    return sorted(filter(is_offered, set(_candidates(by_minute, terms))))


def is_open(calendar: Calendar, instant: int) -> bool:
    return bool(_dates_of(instant, calendar))


@cache
def zoneinfo_of(name: str) -> ZoneInfo:
    with resources.files("tzdata").joinpath("zoneinfo", *name.split("/")).open("rb") as file:
        return ZoneInfo.from_file(file, name)


def _candidates(by_minute: dict[int, set[date]], terms: SlotTerms) -> Iterator[int]:
    assert terms.step is not None
    anchors: dict[date, int] = {}
    for minute, dates in by_minute.items():
        anchors = {day: anchors.get(day, minute) for day in dates}
        if any((minute - anchor) % terms.step == 0 for anchor in anchors.values()):
            yield minute


def _dates_of(instant: int, calendar: Calendar) -> set[date]:
    """The dates that an instant belongs to: none where the schedule is closed."""
    local = _local(instant, calendar)
    minute = local.hour * 60 + local.minute
    today, yesterday = local.date(), local.date() - ONE_DAY
    dates = set()
    for opens, closes in _windows(calendar.hours, today):
        if opens <= minute and (minute < closes or closes <= opens):
            dates.add(today)
    for opens, closes in _windows(calendar.hours, yesterday):
        if closes <= opens and minute < closes:
            dates.add(yesterday)
    return dates


def _windows(hours: Hours, day: date) -> list[tuple[int, int]]:
    windows = hours.overrides[day] if day in hours.overrides else hours.weekly[day.weekday()]
    return [(window.opens, window.closes) for window in windows]


def _local(instant: int, calendar: Calendar) -> datetime:
    return datetime.fromtimestamp(instant, UTC).astimezone(zoneinfo_of(calendar.zone.name))


def _minutes(span: tuple[int, int]) -> range:
    """The whole minutes in a span."""
    return range(-(-span[0] // MINUTE_SECONDS) * MINUTE_SECONDS, span[1], MINUTE_SECONDS)
