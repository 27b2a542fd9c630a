"""Many at once for groups of several hosts: sessions that share a room are never both in it."""

import asyncio
from collections import Counter
from collections.abc import Sequence
from itertools import combinations
from random import Random
from typing import Any

import httpx

from tests.races.conftest import Fleet
from tests.races.racing import Answer, ComingAgain, post_all
from tests.world import JSON, World, plus, tomorrow_at

PATH = "/api/v1/bookings"
NINE = tomorrow_at(9)
ROUNDS = 12


def any_of(*schedule_ids: str) -> JSON:
    return {"count": 1, "schedule_ids": list(schedule_ids)}


def people(world: World, *names: str) -> list[str]:
    return [world.create_schedule(name=name)["id"] for name in names]


def race(fleet: Fleet, world: World, bodies: Sequence[JSON]) -> Counter[int]:
    assert world.setup.api_key
    answers: list[Answer] = post_all(fleet.urls, PATH, world.setup.api_key, bodies)
    return Counter(answer.status_code for answer in answers)


def seats(world: World) -> list[JSON]:
    listed = world.api.get(PATH, params={"status": "PENDING,CONFIRMED", "limit": 500}).json()
    bookings: list[JSON] = listed["data"]
    return bookings


def sessions(booked: Sequence[JSON]) -> Counter[tuple[str, frozenset[str]]]:
    """How many seats each has."""
    return Counter((b["start_time"], frozenset(b["schedule_ids"])) for b in booked)


def assert_nobody_is_in_two(booked: Sequence[JSON], capacity: int) -> None:
    counted = sessions(booked)
    assert max(counted.values(), default=0) <= capacity
    spans = {(b["start_time"], b["end_time"], frozenset(b["schedule_ids"])) for b in booked}
    for (start, end, ids), (other_start, other_end, others) in combinations(spans, 2):
        if start < other_end and other_start < end:
            assert not ids & others, (start, other_start, ids, others)


def test_two_hosts_in_one_room_have_one_session(fleet: Fleet, world: World) -> None:
    h1, h2, room = people(world, "h1", "h2", "room")
    group = world.create_event_type(requirements=[any_of(h1, h2), any_of(room)], capacity=3)
    choices: list[JSON] = [{}, {"schedule_id": h1}, {"schedule_id": h2}]
    bodies: list[JSON] = [
        world.booking_body(start=NINE, event_type_id=group["id"], **choice)
        for choice in choices
        for _ in range(60)
    ]
    Random(1).shuffle(bodies)
    assert race(fleet, world, bodies) == {201: 3, 409: 177}
    ((_, count),) = sessions(seats(world)).items()
    assert count == 3


def test_three_hosts_in_two_rooms_fill_two_sessions(fleet: Fleet, world: World) -> None:
    h1, h2, h3, r1, r2 = people(world, "h1", "h2", "h3", "r1", "r2")
    group = world.create_event_type(requirements=[any_of(h1, h2, h3), any_of(r1, r2)], capacity=4)
    body = world.booking_body(start=NINE, event_type_id=group["id"])
    assert race(fleet, world, [body] * 200) == {201: 8, 409: 192}
    assert sorted(sessions(seats(world)).values()) == [4, 4]
    assert_nobody_is_in_two(seats(world), 4)


def test_two_event_types_that_share_a_room_are_never_both_in_it(fleet: Fleet, world: World) -> None:
    h1, h2, r1, r2 = people(world, "h1", "h2", "r1", "r2")
    groups = [
        world.create_event_type(name=name, requirements=needed, capacity=2)["id"]
        for name, needed in (
            ("One", [any_of(h1, h2), any_of(r1, r2)]),
            ("Other", [any_of(r2, r1), any_of(h2, h1)]),
        )
    ]
    bodies = [
        world.booking_body(start=plus(NINE, minutes=60 * (n % 3)), event_type_id=groups[n % 2])
        for n in range(150)
    ]
    counted = race(fleet, world, bodies)
    assert set(counted) == {201, 409}
    assert_nobody_is_in_two(seats(world), 2)


def test_a_limit_of_two_sessions_a_day_holds_however_many_ask(fleet: Fleet, world: World) -> None:
    group = world.create_event_type(
        requirements=[any_of(*people(world, "h1", "h2"))],
        capacity=3,
        booking_limits={"max_per_day": 2},
    )
    bodies = [
        world.booking_body(start=plus(NINE, hours=n % 4), event_type_id=group["id"])
        for n in range(160)
    ]
    counted = race(fleet, world, bodies)
    assert set(counted) <= {201, 409, 422}
    assert counted[201] == 6
    assert sorted(sessions(seats(world)).values()) == [3, 3]


def test_booking_moving_holding_and_cancelling_at_once_shares_no_room(
    fleet: Fleet, world: World
) -> None:
    h1, h2, r1, r2 = people(world, "h1", "h2", "r1", "r2")
    group = world.create_event_type(
        requirements=[any_of(h1, h2), any_of(r1, r2)], capacity=2, slot_step_minutes=30
    )

    async def rounds() -> Counter[int]:
        seen: Counter[int] = Counter()
        common: dict[str, Any] = {"headers": world.api.headers, "timeout": 120}
        clients = [
            httpx.AsyncClient(base_url=url, transport=ComingAgain(), **common) for url in fleet.urls
        ]
        for number in range(ROUNDS):
            day = plus(NINE, days=number)
            answers = await asyncio.gather(
                *(act(clients[n % len(clients)], n, day) for n in range(16))
            )
            seen.update(answers)
        for client in clients:
            await client.aclose()
        return seen

    async def act(client: httpx.AsyncClient, number: int, day: str) -> int:
        """Books or holds at one of three times, then moves, books the hold, or cancels."""
        start = plus(day, minutes=30 * (number % 3))
        new_hold = {"start_time": start, "event_type_id": group["id"]}
        body = world.booking_body(start=start, event_type_id=group["id"])
        if number % 4 == 3:
            held = await client.post("/api/v1/holds", json=new_hold)
            if held.status_code != 201:
                return held.status_code
            booked = await client.post(PATH, json=body | {"hold_id": held.json()["data"]["id"]})
            return booked.status_code
        made = await client.post(PATH, json=body)
        if made.status_code != 201 or number % 4 == 0:
            return made.status_code
        path = f"{PATH}/{made.json()['data']['id']}"
        if number % 4 == 1:
            return (await client.delete(path)).status_code
        later = {"start_time": plus(day, minutes=30 * ((number + 1) % 3))}
        return (await client.patch(path, json=later)).status_code

    assert set(asyncio.run(rounds())) <= {200, 201, 409}
    booked = seats(world)
    assert len(booked) > ROUNDS
    assert_nobody_is_in_two(booked, 2)
