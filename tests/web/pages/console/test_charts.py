"""Weeks in numbers, and their drawing."""

import re
from datetime import UTC, date, datetime, timedelta

import pytest

from kalends.web.console.charts import BOTTOM, HEIGHT, draw, first_days
from tests.web.pages.console.desks import User
from tests.world import World


def last_week_monday() -> date:
    today = datetime.now(UTC).date()
    return today - timedelta(days=today.weekday() + 7)


def numbers_in(page: str) -> list[tuple[int, int, int]]:
    cells = re.findall(r'<td class="number">(\d+)%?</td>', page)
    return [tuple(map(int, cells[i : i + 3])) for i in range(0, len(cells), 3)]  # type: ignore[misc]


def test_weeks_count_bookings_no_shows_and_how_much_is_booked(world: World, admin: User) -> None:
    hours = {"monday": {"start": "09:00", "end": "17:00"}}
    schedule = world.create_schedule(availability=hours)
    day = last_week_monday()
    made = [world.book(schedule, f"{day}T{hour:02}:00:00Z") for hour in (9, 10, 11, 12)]
    for booking in made[:3]:
        world.api.patch(f"/api/v1/bookings/{booking['id']}", json={"status": "CONFIRMED"})
    world.api.patch(f"/api/v1/bookings/{made[0]['id']}", json={"status": "COMPLETED"})
    world.api.patch(f"/api/v1/bookings/{made[1]['id']}", json={"status": "NO_SHOW"})
    world.api.delete(f"/api/v1/bookings/{made[3]['id']}")
    page = admin.get(
        f"/console/{admin.slug}/charts", headers={"accept-language": "de"}
    )  # where weeks begin on Monday
    assert numbers_in(page.text)[-2] == (3, 1, 25)
    assert numbers_in(page.text)[-1] == (0, 0, 0)
    assert page.text.count('role="img"') == 3


def test_seats_of_a_group_share_their_time(world: World, admin: User) -> None:
    schedule = world.create_schedule(availability={"monday": {"start": "09:00", "end": "17:00"}})
    group = world.create_event_type(schedule_id=schedule["id"], capacity=4)
    start = f"{last_week_monday()}T09:00:00Z"
    for _ in range(3):
        world.book(None, start, event_type_id=group["id"])
    page = admin.get(f"/console/{admin.slug}/charts", headers={"accept-language": "de"})
    assert numbers_in(page.text)[-2] == (3, 0, 12)


def test_one_schedule_is_measured_alone(world: World, admin: User) -> None:
    hours = {"monday": {"start": "09:00", "end": "17:00"}}
    first, second = (world.create_schedule(availability=hours) for _ in range(2))
    world.book(first, f"{last_week_monday()}T09:00:00Z")
    headers = {"accept-language": "de"}
    path = f"/console/{admin.slug}/charts"
    whole = admin.get(path, headers=headers)
    alone = admin.get(path, headers=headers, params={"schedule": second["id"]})
    assert numbers_in(whole.text)[-2] == (1, 0, 6)
    assert numbers_in(alone.text)[-2] == (0, 0, 0)


def test_weeks_begin_as_the_language_has_it() -> None:
    wednesday = date(2026, 11, 25)
    assert first_days(wednesday, 0)[-1] == date(2026, 11, 23)
    assert first_days(wednesday, 6)[-1] == date(2026, 11, 22)
    assert len(first_days(wednesday, 0)) == 12


@pytest.mark.parametrize(
    ("values", "top"), [([0, 0], 4), ([3, 7], 7), ([12, 40], 40), ([999, 1], 1000), ([4, 101], 120)]
)
def test_a_scale_has_round_numbers_and_room_for_all(values: list[int], top: int) -> None:
    chart = draw("bookings", [date(2026, 11, 16), date(2026, 11, 23)], values)
    marks = [value for _, value in chart.lines]
    assert (marks[0], marks[-1]) == (0, top)
    assert 4 <= len(marks) <= 12
    for bar, value in zip(chart.bars, values, strict=True):
        assert bar.y + bar.height == HEIGHT - BOTTOM
        assert bar.value == value
