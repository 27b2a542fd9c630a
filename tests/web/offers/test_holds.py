"""Holds: time that is kept for some minutes, ends by itself, and becomes a booking."""

import asyncio
from collections.abc import Callable
from typing import Any, TypeAlias

import httpx
import pytest
from httpx import Response

from kalends.compose import Installation
from tests.conftest import run
from tests.homes import BESIDE
from tests.world import JSON, World, plus, tomorrow_at

PATH = "/api/v1/holds"
BOOKINGS = "/api/v1/bookings"
Ask: TypeAlias = Callable[[], Response]


def hold(world: World, schedule: JSON, start: str, **fields: Any) -> httpx.Response:
    body = {"schedule_id": schedule["id"], "start_time": start, "end_time": plus(start, minutes=60)}
    return world.api.post(PATH, json=body | fields)


def held(world: World, schedule: JSON, start: str, **fields: Any) -> JSON:
    answer = hold(world, schedule, start, **fields)
    assert answer.status_code == 201, answer.text
    made: JSON = answer.json()["data"]
    return made


def test_a_held_time_is_taken_for_everybody_else(world: World) -> None:
    schedule, start = world.create_schedule(), tomorrow_at(10)
    kept = held(world, schedule, start, minutes=10)
    assert world.api.get(f"{PATH}/{kept['id']}").json() == {"data": kept}
    assert kept["expires_at"] == plus(kept["created_at"], minutes=10)
    body = world.booking_body(schedule, start)
    assert world.api.post(BOOKINGS, json=body).json()["code"] == "SLOT_TAKEN"
    assert hold(world, schedule, plus(start, minutes=30)).json()["code"] == "SLOT_TAKEN"
    query = {"schedule_id": schedule["id"], "duration_minutes": 60, "start": start,
             "end": plus(start, minutes=1)}  # fmt: skip
    assert world.api.get("/api/v1/slots", params=query).json()["data"] == []


def test_a_booking_takes_the_place_of_its_hold_once(world: World) -> None:
    schedule, start = world.create_schedule(), tomorrow_at(10)
    kept = held(world, schedule, start)
    booking = world.book(schedule, start, hold_id=kept["id"])
    assert (booking["start_time"], booking["schedule_id"]) == (start, schedule["id"])
    again = world.booking_body(schedule, start, hold_id=kept["id"])
    assert world.api.post(BOOKINGS, json=again).json()["code"] == "HOLD_EXPIRED"
    assert world.api.get(f"{PATH}/{kept['id']}").status_code == 404
    assert world.api.post(BOOKINGS, json=world.booking_body(schedule, start)).status_code == 409
    world.api.delete(f"{BOOKINGS}/{booking['id']}")
    world.book(schedule, start)


def test_a_booking_keeps_the_buffers_that_its_hold_was_made_with(world: World) -> None:
    schedule, start = world.create_schedule(), tomorrow_at(10)
    event_type = world.create_event_type(schedule_id=schedule["id"], buffer_after_minutes=30)
    kept = held(world, schedule, start, event_type_id=event_type["id"])
    path = f"/api/v1/event-types/{event_type['id']}"
    world.api.patch(path, json={"buffer_before_minutes": 30, "buffer_after_minutes": 0})
    booking = world.book(start=start, event_type_id=event_type["id"], hold_id=kept["id"])
    # Without its event type, a booking moves with the buffers that it has itself.
    assert world.api.delete(path).status_code == 200
    for moved in (start, tomorrow_at(14)):
        body = {"start_time": moved}
        assert world.api.patch(f"{BOOKINGS}/{booking['id']}", json=body).status_code == 200
        beside = world.booking_body(schedule, plus(moved, minutes=60))
        assert world.api.post(BOOKINGS, json=beside).json()["code"] == "SLOT_TAKEN"
        world.book(schedule, plus(moved, minutes=-60))


def test_a_hold_is_for_its_own_time_and_schedule_only(world: World) -> None:
    schedule, start = world.create_schedule(), tomorrow_at(10)
    kept = held(world, schedule, start)
    other = world.booking_body(schedule, tomorrow_at(15), hold_id=kept["id"])
    assert world.api.post(BOOKINGS, json=other).status_code == 422
    elsewhere = world.booking_body(world.create_schedule(), start, hold_id=kept["id"])
    assert world.api.post(BOOKINGS, json=elsewhere).status_code == 422


def test_a_hold_is_for_bookings_of_its_own_event_type(world: World) -> None:
    schedule, start = world.create_schedule(), tomorrow_at(10)
    one, other = (world.create_event_type(schedule_id=schedule["id"], name=n) for n in "ab")
    kept = held(world, schedule, start, event_type_id=one["id"])
    body = world.booking_body(start=start, event_type_id=other["id"], hold_id=kept["id"])
    answer = world.api.post(BOOKINGS, json=body)
    assert answer.status_code == 422
    assert answer.json()["details"][0]["field"] == "event_type_id"


def test_a_hold_outside_the_hours_needs_a_scope_of_its_own(world: World) -> None:
    schedule = world.create_schedule(availability={})
    body = {"name": "No override", "scopes": ["bookings:write"]}
    key = world.api.post("/api/v1/api-keys", json=body).json()["data"]["key"]
    start = tomorrow_at(10)
    times = {"start_time": start, "end_time": plus(start, minutes=60), "override": True}
    refused = world.with_key(key).post(PATH, json={"schedule_id": schedule["id"], **times})
    assert (refused.status_code, refused.json()["code"]) == (403, "FORBIDDEN")
    held(world, schedule, start, override=True)


def test_a_hold_given_back_frees_its_time(world: World) -> None:
    schedule, start = world.create_schedule(), tomorrow_at(10)
    kept = held(world, schedule, start)
    gone = world.api.delete(f"{PATH}/{kept['id']}")
    assert gone.json() == {"data": {"id": kept["id"], "deleted": True}}
    assert world.api.delete(f"{PATH}/{kept['id']}").status_code == 404
    world.book(schedule, start)


def test_a_hold_ends_by_itself_though_no_job_ran(world: World) -> None:
    schedule = world.sandbox.post("/api/v1/schedules", json={"name": "Room"}).json()["data"]
    start, now = "2030-01-02T10:00:00Z", {"kalends-now": "2030-01-01T10:00:00Z"}
    body = {"schedule_id": schedule["id"], "start_time": start, "end_time": plus(start, hours=1)}
    kept = world.sandbox.post(PATH, json=body, headers=now).json()["data"]
    booking = world.booking_body(schedule, start)
    before = {"kalends-now": "2030-01-01T10:04:59Z"}
    assert world.sandbox.post(BOOKINGS, json=booking, headers=before).status_code == 409
    after = {"kalends-now": "2030-01-01T10:05:00Z"}
    assert world.sandbox.get(f"{PATH}/{kept['id']}", headers=after).status_code == 404
    late = world.sandbox.post(BOOKINGS, json=booking | {"hold_id": kept["id"]}, headers=after)
    assert late.json()["code"] == "HOLD_EXPIRED"
    assert world.sandbox.post(BOOKINGS, json=booking, headers=after).status_code == 201


def test_a_hold_in_a_group_is_a_seat(world: World) -> None:
    event_type = world.create_event_type(schedule_id=world.create_schedule()["id"], capacity=2)
    start = tomorrow_at(10)
    body = {"event_type_id": event_type["id"], "start_time": start}
    kept = world.api.post(PATH, json=body).json()["data"]
    world.book(start=start, event_type_id=event_type["id"])
    full = world.booking_body(start=start, event_type_id=event_type["id"])
    assert world.api.post(BOOKINGS, json=full).json()["code"] == "SLOT_TAKEN"
    world.book(start=start, event_type_id=event_type["id"], hold_id=kept["id"])


def test_a_hold_asks_the_same_rules_as_a_booking(world: World) -> None:
    schedule = world.create_schedule(availability={"monday": {"start": "09:00", "end": "12:00"}})
    answer = hold(world, schedule, "2030-06-04T09:00:00Z")
    assert (answer.status_code, answer.json()["code"]) == (422, "OUTSIDE_AVAILABILITY")
    assert hold(world, schedule, "2030-06-03T09:00:00Z", minutes=31).status_code == 422


def test_a_limit_counts_holds(world: World) -> None:
    schedule = world.create_schedule(booking_limits={"max_per_day": 1})
    held(world, schedule, tomorrow_at(10))
    answer = world.api.post(BOOKINGS, json=world.booking_body(schedule, tomorrow_at(15)))
    assert answer.json()["code"] == "LIMIT_REACHED"


ENDS_SOON = """
UPDATE {table} SET expires_at = now() + interval '0.2 seconds'
WHERE organization_id = '{organization}' AND expires_at IS NOT NULL
"""


async def while_locked(home: Installation, table: str, organization: str, ask: Ask) -> Response:
    """The answer of a request that is sent while the rows of the organization are locked; the lock
    is given back when the hold has ended."""
    context = home.context(BESIDE)
    rows = f"SELECT id FROM {table} WHERE organization_id = '{organization}' FOR NO KEY UPDATE"
    try:
        async with context.database.connection() as tx, tx.transaction():
            await tx.execute(rows)
            answer = asyncio.create_task(asyncio.to_thread(ask))
            await asyncio.sleep(1.5)  # the clock of the rules has whole seconds
        return await answer
    finally:
        await context.close()


@pytest.mark.parametrize("counted", ["seats", "a limit of the event type", "a limit of a schedule"])
def test_a_hold_that_ends_while_its_booking_waits_is_gone(
    world: World, home: Installation, counted: str
) -> None:
    limit = {"booking_limits": {"max_per_day": 1}}
    schedule = world.create_schedule(**(limit if counted == "a limit of a schedule" else {}))
    options: dict[str, JSON] = {"seats": {"capacity": 2}, "a limit of the event type": limit}
    event_type = world.create_event_type(schedule_id=schedule["id"], **options.get(counted, {}))
    kept = held(world, schedule, tomorrow_at(10), event_type_id=event_type["id"])
    organization = str(world.setup.organization_id)
    for table in ("holds", "occupancies"):
        run(home, ENDS_SOON.format(table=table, organization=organization))
    body = world.booking_body(
        start=tomorrow_at(10), event_type_id=event_type["id"], hold_id=kept["id"]
    )
    locked = "schedules" if counted == "a limit of a schedule" else "event_types"
    late = asyncio.run(
        while_locked(home, locked, organization, lambda: world.api.post(BOOKINGS, json=body))
    )
    assert (late.status_code, late.json().get("code")) == (409, "HOLD_EXPIRED")
