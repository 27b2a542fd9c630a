"""Where bookings lie in the columns of the calendar, also where clocks change."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from types import SimpleNamespace
from typing import Any

from kalends.availability.interval import Interval
from kalends.availability.wallclock import zone_named
from kalends.web.console.calendar.grid import Busy, Contents, Sheet, hours_of_day, lay_out
from kalends.web.console.calendar.lanes import NARROW_LANES, TWO_AND_MORE

NEW_YORK = zone_named("America/New_York")
BERLIN = zone_named("Europe/Berlin")
BACK = date(2026, 11, 1)
LONG_AGO = 0


def booking(start: str, minutes: int = 60, id_: int = 0) -> Any:
    starts_at = datetime.fromisoformat(start).astimezone(UTC)
    return SimpleNamespace(
        id=id_, start_time=starts_at, end_time=starts_at + timedelta(minutes=minutes)
    )


def whole(days: Sequence[date], *bookings: Any, **more: Any) -> Sheet:
    hours = hours_of_day(days, NEW_YORK)
    return lay_out(columns(days, *bookings, **more), NEW_YORK, LONG_AGO, hours=hours)


def columns(days: Sequence[date], *bookings: Any, **more: Any) -> list[Contents]:
    return [Contents(day=day, bookings=bookings, **more) for day in days]


def rows(sheet: Sheet, column: int = 0) -> list[tuple[int, int]]:
    return [(block.row, block.rows) for block in sheet.columns[column].blocks]


def test_a_booking_begins_at_its_row_of_five_minutes() -> None:
    sheet = whole([date(2026, 12, 1)], booking("2026-12-01T09:35:00-05:00", 45))
    assert rows(sheet) == [(9 * 12 + 7, 9)]


def test_a_day_with_a_repeated_hour_has_25_hours() -> None:
    first = booking("2026-11-01T01:30:00-04:00", 60, 1)
    second = booking("2026-11-01T01:30:00-05:00", 60, 2)
    sheet = whole([BACK], first, second)
    assert sheet.height_hours == 25
    assert rows(sheet) == [(18, 12), (30, 12)]
    assert [block.lanes for block in sheet.columns[0].blocks] == [1, 1]


def test_a_day_on_which_the_clock_goes_forward_has_23_hours() -> None:
    sheet = whole([date(2027, 3, 14)], booking("2027-03-14T03:00:00-04:00"))
    assert sheet.height_hours == 23
    assert rows(sheet) == [(24, 12)]


def test_days_side_by_side_share_one_clock_face() -> None:
    week = [BACK + timedelta(days=i) for i in range(7)]
    nine = [booking(f"2026-11-0{d}T09:00:00-05:00", id_=d) for d in (1, 2)]
    sheet = whole(week, *nine)
    assert sheet.height_hours == 24
    assert rows(sheet, 0) == rows(sheet, 1) == [(9 * 12, 12)]


def test_an_hour_that_lies_in_both_passes_is_drawn_as_an_hour() -> None:
    week = [BACK + timedelta(days=i) for i in range(7)]
    assert rows(whole(week, booking("2026-11-01T01:30:00-04:00", 60))) == [(18, 12)]


def test_rows_stand_for_instants_except_where_the_clock_changes_in_a_week() -> None:
    week = [BACK + timedelta(days=i) for i in range(7)]
    sheet = whole(week)
    assert sheet.columns[0].from_second is None
    monday = datetime.fromisoformat("2026-11-02T00:00:00-05:00")
    assert sheet.columns[1].from_second == monday.timestamp()
    alone = datetime.fromisoformat("2026-11-01T00:00:00-04:00")
    assert whole([BACK]).columns[0].from_second == alone.timestamp()


def test_a_booking_over_midnight_lies_in_both_days() -> None:
    days = [date(2026, 12, 1), date(2026, 12, 2)]
    sheet = whole(days, booking("2026-12-01T23:00:00-05:00", 120))
    assert rows(sheet, 0) == [(23 * 12, 12)]
    assert rows(sheet, 1) == [(0, 12)]


def test_what_overlaps_lies_in_lanes_and_what_touches_does_not() -> None:
    sheet = whole(
        [date(2026, 12, 1)],
        booking("2026-12-01T09:00:00-05:00", 60, 1),
        booking("2026-12-01T09:30:00-05:00", 60, 2),
        booking("2026-12-01T10:30:00-05:00", 60, 3),
    )
    assert [(b.lane, b.lanes) for b in sheet.columns[0].blocks] == [(0, 2), (1, 2), (0, 1)]


def test_what_finds_no_lane_is_counted() -> None:
    many = [booking("2026-12-01T09:00:00-05:00", 60, i) for i in range(15)]
    column = whole([date(2026, 12, 1)], *many).columns[0]
    assert [block.more for block in column.blocks] == [None] * 11 + [0] * 4
    assert [(more.count, more.lane, more.lanes) for more in column.more] == [(4, 11, 12)]


def test_a_narrow_column_has_two_lanes_and_counts_the_rest_by_hour() -> None:
    starts = ("09:00", "09:00", "09:15", "09:30", "10:05", "10:10", "11:00")
    busy = [booking(f"2026-12-01T{at}:00-05:00", 90, i) for i, at in enumerate(starts)]
    narrow = columns([date(2026, 12, 1)], *busy)
    column = lay_out(narrow, NEW_YORK, LONG_AGO, hours=(9, 13), most_lanes=NARROW_LANES).columns[0]
    assert [(more.count, more.row, more.rows) for more in column.more] == [(2, 3, 9), (2, 13, 11)]
    placed = [block for block in column.blocks if block.more is None]
    assert [(block.lane, block.lanes) for block in placed] == [
        (0, TWO_AND_MORE), (1, TWO_AND_MORE), (0, TWO_AND_MORE),
    ]  # fmt: skip


def test_schedules_of_a_day_lie_side_by_side_in_elapsed_time() -> None:
    first, second = (booking("2026-11-01T01:30:00-05:00", 60, i) for i in (1, 2))
    sheet = lay_out(
        [*columns([BACK], first), *columns([BACK], second)], NEW_YORK, LONG_AGO, hours=(0, 25)
    )
    assert sheet.height_hours == 25
    assert rows(sheet, 0) == rows(sheet, 1) == [(30, 12)]


def test_hours_begin_with_the_first_booking_where_that_is_early() -> None:
    early, late = booking("2026-12-01T06:15:00-05:00"), booking("2026-12-01T21:00:00-05:00", id_=1)
    sheet = lay_out(columns([date(2026, 12, 1)], early, late), NEW_YORK, LONG_AGO)
    assert [hour for _, hour, _ in sheet.hours] == list(range(6, 22))
    assert rows(sheet)[0] == (3, 12)


def test_closed_hours_and_busy_times_are_shaded() -> None:
    day = date(2026, 12, 1)
    nine = int(datetime.fromisoformat("2026-12-01T09:00:00-05:00").timestamp())
    opened = [Interval(nine, nine + 8 * 3600)]
    busy = [Busy(nine + 3600, nine + 7200, "Dentist")]
    shades = whole([day], opened=opened, busy=busy).columns[0].shades
    assert [(s.row, s.rows, s.reason) for s in shades] == [
        (0, 108, None),
        (204, 84, None),
        (120, 12, "Dentist"),
    ]


def test_now_has_a_row_on_its_own_day_only() -> None:
    now = int(datetime.fromisoformat("2026-12-01T10:00:00-05:00").timestamp())
    days = [date(2026, 12, 1), date(2026, 12, 2)]
    sheet = lay_out(columns(days), NEW_YORK, now, hours=(0, 24))
    assert [column.now_row for column in sheet.columns] == [120, None]


def test_a_day_that_does_not_exist_holds_nothing() -> None:
    apia = zone_named("Pacific/Apia")
    days = [date(2011, 12, 29), date(2011, 12, 30), date(2011, 12, 31)]
    sheet = lay_out(columns(days, booking("2011-12-30T12:00:00+00:00")), apia, LONG_AGO)
    assert [len(column.blocks) for column in sheet.columns] == [0, 0, 1]
