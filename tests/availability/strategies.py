"""Schedules, terms and times around the strangest nights of the time-zone data."""

from datetime import timedelta
from typing import Final

from hypothesis import strategies as st

from kalends.availability.hours import ALWAYS_OPEN, Hours, Window
from kalends.availability.interval import DAY_SECONDS, MINUTE_SECONDS, Interval
from kalends.availability.slot_inputs import Calendar, SlotTerms
from kalends.availability.wallclock import local_day, zone_named
from tests.availability.cases import at, schedule_id

NIGHTS: Final = (
    ("America/New_York", "2026-03-08T07:00:00Z"),
    ("America/New_York", "2026-11-01T06:00:00Z"),
    ("Australia/Lord_Howe", "2026-04-04T15:00:00Z"),
    ("Australia/Lord_Howe", "2026-10-03T15:30:00Z"),
    ("America/St_Johns", "2010-11-07T02:31:00Z"),
    ("America/Sao_Paulo", "2018-02-18T02:00:00Z"),
    ("Pacific/Apia", "2011-12-30T10:00:00Z"),
    ("Pacific/Chatham", "2026-04-04T14:00:00Z"),
    ("Asia/Kathmandu", "1985-12-31T18:30:00Z"),
    ("Africa/El_Aaiun", "2025-02-23T02:00:00Z"),
    ("Antarctica/Troll", "2026-03-29T01:00:00Z"),
    ("Antarctica/Casey", "2023-03-08T16:00:00Z"),
    ("Africa/Cairo", "2026-04-23T22:00:00Z"),
    ("Europe/Dublin", "2150-10-25T01:00:00Z"),
    ("UTC", "2026-06-01T00:00:00Z"),
)
STEPS: Final = (5, 7, 15, 20, 30, 45, 60, 90)
DURATIONS: Final = (5, 15, 25, 30, 60, 90, 240)
BUFFERS: Final = (0, 0, 5, 15, 30)

nights = st.sampled_from(NIGHTS).map(lambda night: (zone_named(night[0]), at(night[1])))

_times = st.integers(0, 95).map(lambda quarter: quarter * 15) | st.integers(0, 1439)
_windows = (
    st.tuples(_times, _times | st.just(1440))
    .filter(lambda window: window[0] != window[1])
    .map(lambda window: Window(*window))
)
_several = st.lists(_windows, max_size=3).map(tuple)


def minutes(values: tuple[int, ...]) -> st.SearchStrategy[int]:
    return st.sampled_from(values).map(lambda value: value * MINUTE_SECONDS)


@st.composite
def hours(draw: st.DrawFn, around: int, zone_name: str) -> Hours:
    """Weekly windows, and overrides of the days around an instant."""
    if draw(st.integers(0, 9)) == 0:
        return ALWAYS_OPEN
    odd, even = draw(_several), draw(_several)
    weekly = (odd, even, odd, even, odd, even, draw(_several))
    today = local_day(around, zone_named(zone_name))
    days = st.integers(-2, 2).map(lambda days: today + timedelta(days=days))
    return Hours(weekly, draw(st.dictionaries(days, _several, max_size=2)))


@st.composite
def times(draw: st.DrawFn, around: int) -> tuple[int, int]:
    """A busy time or a booking near an instant; now and then an empty one."""
    start = (
        around
        + draw(st.integers(-2 * 96, 2 * 96)) * 15 * MINUTE_SECONDS
        + draw(st.sampled_from((0, 0, MINUTE_SECONDS)))
    )
    return start, start + draw(minutes((0, 1, 10, 30, 60, 240)))


@st.composite
def calendars(draw: st.DrawFn, number: int, zone_name: str, around: int) -> Calendar:
    """A schedule with a few busy times and bookings around an instant."""
    bookings = draw(st.lists(times(around), max_size=3))
    return Calendar(
        schedule_id(number),
        zone_named(zone_name),
        draw(hours(around, zone_name)),
        busy=draw(st.lists(times(around), max_size=4)),
        occupied=bookings,
        booked=[start for start, end in bookings if start < end],
        notice=draw(st.sampled_from((None, None, 0, 7200))),
        max_per_day=draw(st.sampled_from((None, None, 1, 2))),
    )


terms = st.builds(
    SlotTerms,
    duration=minutes(DURATIONS),
    step=minutes(STEPS),
    buffer_before=minutes(BUFFERS),
    buffer_after=minutes(BUFFERS),
    notice=st.sampled_from((None, 0, 3600)),
)


@st.composite
def spans(draw: st.DrawFn, around: int) -> Interval:
    """A day or two around an instant, from any second."""
    start = around - draw(st.integers(0, 2 * DAY_SECONDS))
    return Interval(start, start + draw(st.integers(DAY_SECONDS // 4, 2 * DAY_SECONDS)))
