"""Many at once, over three server processes: nobody is ever booked twice."""

import asyncio
from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from itertools import pairwise
from typing import Any

import httpx

from tests.races.conftest import Fleet
from tests.races.racing import Answer, ComingAgain, post_all
from tests.world import World, plus, tomorrow_at

PATH = "/api/v1/bookings"
ROUNDS = 250  # on each of the two databases


def race(fleet: Fleet, world: World, bodies: Sequence[dict[str, Any]]) -> list[Answer]:
    """Creates all of these bookings at once, over all processes."""
    assert world.setup.api_key
    return post_all(fleet.urls, PATH, world.setup.api_key, bodies)


def occupied(world: World) -> list[tuple[str, str]]:
    """The times that are taken, as the API lists them, by start."""
    listed = world.api.get(PATH, params={"status": "PENDING,CONFIRMED", "limit": 500}).json()
    return [(b["start_time"], b["end_time"]) for b in listed["data"]]


def assert_no_overlap(spans: list[tuple[str, str]]) -> None:
    for (_, end), (start, _) in pairwise(spans):
        assert datetime.fromisoformat(end) <= datetime.fromisoformat(start)


def test_two_thousand_requests_for_one_slot_make_one_booking(fleet: Fleet, world: World) -> None:
    body = world.booking_body(world.create_schedule())
    answers = race(fleet, world, [body] * 2000)
    assert Counter(answer.status_code for answer in answers) == {201: 1, 409: 1999}
    assert {a.json()["code"] for a in answers if a.status_code == 409} == {"SLOT_TAKEN"}
    assert len(occupied(world)) == 1


def test_requests_that_overlap_in_part_never_both_get_in(fleet: Fleet, world: World) -> None:
    schedule = world.create_schedule()
    bodies = [
        world.booking_body(schedule, plus(tomorrow_at(8), minutes=7 * (number % 60)))
        for number in range(600)
    ]
    answers = race(fleet, world, bodies)
    assert set(Counter(answer.status_code for answer in answers)) == {201, 409}
    spans = occupied(world)
    assert len(spans) == sum(answer.status_code == 201 for answer in answers)
    assert_no_overlap(spans)


def test_bookings_of_several_schedules_at_once_do_not_deadlock(fleet: Fleet, world: World) -> None:
    ids = [world.create_schedule(name=f"Person {n}")["id"] for n in range(4)]
    types = [
        world.create_event_type(
            name=f"Pair {a}{b}", requirements=[{"count": 2, "schedule_ids": [ids[a], ids[b]]}]
        )["id"]
        for a, b in ((0, 1), (1, 0), (2, 1), (1, 3), (3, 0), (2, 0))
    ]
    bodies = [world.booking_body(event_type_id=types[n % len(types)]) for n in range(300)]
    answers = race(fleet, world, bodies)
    counted = Counter(answer.status_code for answer in answers)
    assert set(counted) == {201, 409}
    assert 1 <= counted[201] <= 2


def test_one_of_three_is_found_for_the_last_of_three_racers(fleet: Fleet, world: World) -> None:
    ids = [world.create_schedule(name=f"Person {n}")["id"] for n in range(3)]
    event_type = world.create_event_type(requirements=[{"count": 1, "schedule_ids": ids}])
    body = world.booking_body(event_type_id=event_type["id"])
    answers = race(fleet, world, [body] * 60)
    assert Counter(answer.status_code for answer in answers) == {201: 3, 409: 57}


def test_a_limit_of_three_a_day_holds_under_two_hundred(fleet: Fleet, world: World) -> None:
    schedule = world.create_schedule(booking_limits={"max_per_day": 3})
    bodies = [
        world.booking_body(schedule, plus(tomorrow_at(0), hours=number % 23))
        for number in range(200)
    ]
    answers = race(fleet, world, bodies)
    counted = Counter(answer.status_code for answer in answers)
    assert counted[201] == 3
    assert set(counted) <= {201, 409, 422}
    assert len(occupied(world)) == 3


def test_create_against_move_into_and_cancel_leaves_no_overlap(fleet: Fleet, world: World) -> None:
    """Each round: somebody moves into a time, somebody cancels it, somebody books it anew."""
    schedule = world.create_schedule()

    async def rounds(count: int) -> Counter[int]:
        seen: Counter[int] = Counter()
        common: dict[str, Any] = {"headers": world.api.headers, "timeout": 600}
        async with (
            httpx.AsyncClient(base_url=fleet.urls[0], transport=ComingAgain(), **common) as one,
            httpx.AsyncClient(base_url=fleet.urls[1], transport=ComingAgain(), **common) as two,
            httpx.AsyncClient(base_url=fleet.urls[2], transport=ComingAgain(), **common) as six,
        ):
            for number in range(count):
                day = plus(tomorrow_at(0), days=number)
                there = plus(day, hours=10)
                mover, holder = [
                    (await one.post(PATH, json=world.booking_body(schedule, start))).json()["data"]
                    for start in (plus(day, hours=8), there)
                ]
                answers = await asyncio.gather(
                    one.patch(f"{PATH}/{mover['id']}", json={"start_time": there}),
                    two.delete(f"{PATH}/{holder['id']}"),
                    six.post(PATH, json=world.booking_body(schedule, plus(there, minutes=30))),
                    two.post(PATH, json=world.booking_body(schedule, plus(day, hours=7.5))),
                )
                seen.update(answer.status_code for answer in answers)
                listed = await one.get(
                    PATH,
                    params={"status": "PENDING", "start_date": day[:10], "end_date": day[:10]},
                )
                assert_no_overlap([(b["start_time"], b["end_time"]) for b in listed.json()["data"]])
        return seen

    counted = asyncio.run(rounds(ROUNDS))
    assert set(counted) <= {200, 201, 409}


def test_two_hundred_for_a_group_of_seven_are_seven(fleet: Fleet, world: World) -> None:
    schedule = world.create_schedule()
    event_type = world.create_event_type(schedule_id=schedule["id"], capacity=7)
    body = world.booking_body(event_type_id=event_type["id"])
    answers = race(fleet, world, [body] * 200)
    assert Counter(answer.status_code for answer in answers) == {201: 7, 409: 193}


def test_a_limit_of_an_event_type_holds_over_all_its_schedules(fleet: Fleet, world: World) -> None:
    ids = [world.create_schedule(name=f"Person {n}")["id"] for n in range(4)]
    event_type = world.create_event_type(
        requirements=[{"count": 1, "schedule_ids": ids}], booking_limits={"max_per_day": 5}
    )
    bodies = [
        world.booking_body(start=tomorrow_at(n % 20), event_type_id=event_type["id"])
        for n in range(120)
    ]
    answers = race(fleet, world, bodies)
    assert Counter(a.status_code for a in answers)[201] == 5
