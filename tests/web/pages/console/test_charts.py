"""Insights: a range of days in numbers beside the range before, and their drawings."""

import csv
import io
from datetime import date

import httpx
import pytest

from kalends.services.statistics import DayRange
from kalends.web.console.drawing import draw_bars, draw_hours
from tests.web.pages.console.desks import SignedInBrowser
from tests.web.people.test_schedule_people import owner_of
from tests.world import World

# With the Sunday on which the clock goes back.
RANGE = {"since": "2026-10-19", "until": "2026-11-01"}


def lines_of(answer: httpx.Response) -> dict[str, list[str]]:
    """The lines of a file by their first cell."""
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    rows = csv.reader(io.StringIO(answer.content.decode("utf-8-sig")))
    return {row[0]: row[1:] for row in rows}


def test_a_range_is_told_beside_the_one_before(world: World, admin: SignedInBrowser) -> None:
    world.api.patch("/api/v1/organization", json={"timezone": "America/New_York"})
    hours = {day: {"start": "09:00", "end": "17:00"} for day in ("sunday", "monday")}
    schedule = world.create_schedule(name="=Ada", timezone="America/New_York", availability=hours)
    group = world.create_event_type(name="Course", schedule_id=schedule["id"], capacity=4)
    for _ in range(2):  # 09:00 in New York, once the clock went back
        world.book(None, "2026-11-01T14:00:00Z", event_type_id=group["id"])
    made = world.book(schedule, "2026-10-26T14:00:00Z")  # 10:00
    gone = world.book(schedule, "2026-10-26T16:00:00Z")
    world.book(schedule, "2026-10-05T15:00:00Z")  # two weeks before
    for status in ("CONFIRMED", "NO_SHOW"):
        world.api.patch(f"/api/v1/bookings/{made['id']}", json={"status": status})
    world.api.delete(f"/api/v1/bookings/{gone['id']}")

    def table(name: str) -> dict[str, list[str]]:
        return lines_of(admin.open(f"/charts/{name}.csv", **RANGE))

    time = table("time")
    assert time["2026-10-26"] == ["1", "0", "1", "0", "1", "0"]
    assert time["2026-11-01"] == ["2", "0", "0", "0", "0", "0"]
    assert time["2026-10-19"] == ["0", "1", "0", "0", "0", "0"]
    assert table("hours")["Sunday 09:00"] == ["2", "0"]
    assert table("hours")["Monday 11:00"] == ["0", "1"]
    # Of 32 hours one is booked, by seats that share it: the rest was missed or cancelled.
    assert table("schedules")["'=Ada"][:4] == ["3%", "3%", "3", "1"]
    assert table("event-types")["Course"][:2] == ["2", "0"]
    assert table("sources")["API"][:4] == ["3", "1", "1", "0"]
    assert table("lead")["Less than a day"][:2] == ["3", "1"]
    page = admin.open("/charts", **RANGE)
    assert page.text.count('role="img"') == 2
    assert "<bdi>=Ada</bdi>" in page.text


def test_a_booking_counts_once_for_each_host(world: World, admin: SignedInBrowser) -> None:
    ada = [world.create_schedule(public_name="Ada", user_id=owner_of(world)) for _ in range(2)]
    world.create_schedule(public_name="Nobody’s")
    needed = [{"count": 1, "schedule_ids": [one["id"]]} for one in ada]
    both = world.create_event_type(requirements=needed, schedule_id=None)
    world.book(None, "2026-10-26T14:00:00Z", event_type_id=both["id"])
    world.book(ada[0], "2026-10-27T14:00:00Z")
    world.book(ada[1], "2026-10-12T14:00:00Z")
    lines = lines_of(admin.open("/charts/hosts.csv", **RANGE))
    assert lines["Ada"] == ["2", "1", "0", "0", "0", "0"]
    assert len(lines) == 2
    assert 'aria-labelledby="hosts"' in admin.open("/charts", **RANGE).text


def test_one_schedule_is_told_alone(world: World, admin: SignedInBrowser) -> None:
    first, second = world.create_schedule(), world.create_schedule()
    world.book(first, "2026-10-26T14:00:00Z")
    alone = admin.open("/charts/sources.csv", schedule=second["id"], **RANGE)
    assert list(lines_of(alone)) == ["Source"]


@pytest.mark.parametrize(
    "query",
    [
        {"since": "2026-11-02", "until": "2026-11-01"},
        {"since": "tomorrow"},
        {"since": "2020-01-01", "until": "2026-01-01"},
    ],
)
def test_a_range_that_cannot_be_told_is_refused(
    admin: SignedInBrowser, query: dict[str, str]
) -> None:
    assert admin.open("/charts", **query).status_code == 422
    assert admin.open("/charts/nothing.csv").status_code == 404


@pytest.mark.parametrize(
    ("last", "step", "count"),
    [("2026-01-31", "day", 31), ("2026-03-31", "week", 14), ("2026-12-31", "month", 12)],
)
def test_a_range_is_cut_into_days_weeks_or_months(last: str, step: str, count: int) -> None:
    days = DayRange(date(2026, 1, 1), date.fromisoformat(last))
    spans = days.spans(0)
    assert (days.step, len(spans), spans[0]) == (step, count, date(2026, 1, 1))
    assert days.before.days == days.days


def test_a_week_begins_as_the_language_has_it() -> None:
    days = DayRange(date(2026, 11, 4), date(2027, 1, 31))
    assert [days.spans(first)[1] for first in (0, 6)] == [date(2026, 11, 9), date(2026, 11, 8)]


@pytest.mark.parametrize(
    ("values", "top"), [([0, 0], 4), ([3, 7], 7), ([12, 40], 40), ([999, 1], 1000), ([4, 101], 120)]
)
def test_a_scale_has_round_numbers_and_room_for_all(values: list[int], top: int) -> None:
    chart = draw_bars([(value, 0) for value in values])
    marks = [value for _, value in chart.lines]
    assert (marks[0], marks[-1]) == (0, top)
    assert 4 <= len(marks) <= 12
    assert max(bar.now_height for bar in chart.bars) <= chart.base - chart.lines[-1][0]


def test_the_busiest_hour_is_the_darkest() -> None:
    hours = [(0, 0)] * 168
    hours[24 + 20], hours[24 + 9] = (40, 0), (1, 3)
    heat = draw_hours(hours, first_week_day=6)
    assert (heat.hours[0], heat.hours[-1]) == (8, 20)
    assert heat.cell(1, 20).shade == 5
    assert (heat.cell(1, 9).shade, heat.cell(2, 9).shade) == (1, 0)
    assert heat.cells[0].weekday == 6
