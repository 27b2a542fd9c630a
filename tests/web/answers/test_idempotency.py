"""The same request under the same Idempotency-Key is done once."""

import asyncio
from typing import Any

import httpx

from tests.world import World, tomorrow_at

PATH = "/api/v1/bookings"


def create(world: World, body: dict[str, Any], key: str) -> httpx.Response:
    return world.api.post(PATH, json=body, headers={"idempotency-key": key})


def test_a_repeated_request_gives_the_stored_answer(world: World) -> None:
    body = world.booking_body(world.create_schedule())
    first, second = create(world, body, "a"), create(world, body, "a")
    assert (first.status_code, second.status_code) == (201, 201)
    assert second.content == first.content
    assert second.headers["etag"] == first.headers["etag"]
    assert second.headers["idempotency-replayed"] == "true"
    assert "idempotency-replayed" not in first.headers


def test_it_does_so_also_after_the_booking_has_changed(world: World) -> None:
    body = world.booking_body(world.create_schedule())
    first = create(world, body, "a")
    world.api.delete(f"{PATH}/{first.json()['data']['id']}")
    assert create(world, body, "a").content == first.content


def test_another_body_under_the_key_is_refused(world: World) -> None:
    schedule = world.create_schedule()
    create(world, world.booking_body(schedule), "a")
    answer = create(world, world.booking_body(schedule, tomorrow_at(15)), "a")
    assert (answer.status_code, answer.json()["code"]) == (422, "IDEMPOTENCY_KEY_REUSED")


def test_a_refused_request_keeps_no_key(world: World) -> None:
    schedule = world.create_schedule()
    taken = world.book(schedule)
    body = world.booking_body(schedule)
    assert create(world, body, "a").status_code == 409
    world.api.delete(f"{PATH}/{taken['id']}")
    assert create(world, body, "a").status_code == 201


def test_keys_of_two_organizations_know_nothing_of_each_other(new_world: Any) -> None:
    mine, theirs = new_world(), new_world()
    for world in (mine, theirs):
        answer = create(world, world.booking_body(world.create_schedule()), "a")
        assert "idempotency-replayed" not in answer.headers


def test_a_path_is_part_of_what_a_key_stands_for(world: World) -> None:
    made = [
        world.api.post(path, json=body, headers={"idempotency-key": "a"})
        for path, body in (
            ("/api/v1/schedules", {"name": "Room"}),
            ("/api/v1/event-types", {"name": "Room", "duration_minutes": 30}),
        )
    ]
    assert [answer.status_code for answer in made] == [201, 201]


def test_many_at_once_make_one_booking(world: World) -> None:
    body = world.booking_body(world.create_schedule())

    async def race() -> list[httpx.Response]:
        headers = {**world.api.headers, "idempotency-key": "a"}
        async with httpx.AsyncClient(base_url=world.url, headers=headers, timeout=30) as client:
            return await asyncio.gather(*(client.post(PATH, json=body) for _ in range(40)))

    answers = asyncio.run(race())
    assert {answer.status_code for answer in answers} <= {201, 409}
    for answer in answers:
        if answer.status_code == 409:
            assert answer.json()["code"] == "IDEMPOTENCY_KEY_IN_USE"
            assert answer.headers["retry-after"] == "1"
    assert len({a.json()["data"]["id"] for a in answers if a.status_code == 201}) == 1
    assert world.api.get(PATH).json()["meta"]["total"] == 1


def test_a_key_that_is_too_long_is_refused(world: World) -> None:
    answer = create(world, world.booking_body(world.create_schedule()), "k" * 256)
    assert answer.json()["details"][0]["field"] == "Idempotency-Key"
