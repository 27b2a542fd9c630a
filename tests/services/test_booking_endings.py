"""Bookings that end by themselves: when, which, and what others hear of it.

The shared server does the same each minute, so these tests look at what has become of the
bookings, never at who did it.
"""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from kalends.domain import ids
from kalends.domain.values import Instant
from kalends.runtime.unit_of_work import Context
from kalends.services import booking_endings
from kalends.store.bookings import endings as store
from tests.world import JSON, World, plus, tomorrow_at, utc_text

THIS_HOUR = utc_text(datetime.now(UTC).replace(minute=0, second=0))
AN_HOUR_AGO = plus(THIS_HOUR, hours=-1)
NEXT_WEEK = plus(tomorrow_at(10), days=7)


def past_booking(world: World, start: str, status: str = "PENDING", **rules: Any) -> JSON:
    """A booking of one hour with an event type of its own."""
    event_type = world.create_event_type(schedule_id=world.create_schedule()["id"], **rules)
    booking = world.book(start=start, event_type_id=event_type["id"])
    if status != "PENDING":
        path = f"/api/v1/bookings/{booking['id']}"
        assert world.api.patch(path, json={"status": status}).status_code == 200
    return booking


def now_is(world: World, booking: JSON) -> tuple[str, str | None]:
    current = world.api.get(f"/api/v1/bookings/{booking['id']}").json()["data"]
    return current["status"], current["cancellation_reason"]


async def events_of(context: Context, booking: JSON) -> list[tuple[str, str]]:
    query = "SELECT type, actor FROM events WHERE booking_id = $1 ORDER BY number"
    async with context.database.connection() as tx:
        rows = await tx.fetch(query, ids.decode_id(ids.BOOKING, booking["id"]))
    return [(row["type"], row["actor"]) for row in rows]


def at(context: Context, moment: str) -> Context:
    return replace(context, clock=lambda: Instant.parse(moment))


async def test_a_request_that_nobody_answered_expires_at_its_start(
    context: Context, world: World
) -> None:
    booking = past_booking(world, NEXT_WEEK, expire_pending=True)
    await booking_endings.expire_pending(at(context, plus(NEXT_WEEK, seconds=-1)))
    assert now_is(world, booking) == ("PENDING", None)
    await booking_endings.expire_pending(at(context, NEXT_WEEK))
    assert now_is(world, booking) == ("CANCELLED", "expired")


async def test_it_is_one_event_and_its_time_is_free_again(context: Context, world: World) -> None:
    booking = past_booking(world, AN_HOUR_AGO, expire_pending=True)
    await booking_endings.expire_pending(context)
    await booking_endings.expire_pending(context)
    assert (await events_of(context, booking))[1:] == [("booking.cancelled", "kalends")]
    cancelled = world.api.get(f"/api/v1/bookings/{booking['id']}").json()["data"]
    assert cancelled["cancelled_by"] == {"type": "system", "id": None, "name": "Kalends"}
    assert world.book({"id": booking["schedule_id"]}, AN_HOUR_AGO)


@pytest.mark.parametrize(
    ("status", "rules"),
    [
        ("PENDING", {"expire_pending": False}),
        ("CONFIRMED", {"expire_pending": True}),
    ],
)
async def test_nothing_else_expires(
    context: Context, world: World, status: str, rules: JSON
) -> None:
    booking = past_booking(world, AN_HOUR_AGO, status, **rules)
    await booking_endings.expire_pending(context)
    assert now_is(world, booking) == (status, None)


async def test_a_booking_without_an_event_type_stays(context: Context, world: World) -> None:
    booking = world.book(world.create_schedule(), AN_HOUR_AGO)
    await booking_endings.expire_pending(context)
    await booking_endings.complete_confirmed(context)
    assert now_is(world, booking) == ("PENDING", None)


async def test_an_appointment_completes_so_long_after_its_end(
    context: Context, world: World
) -> None:
    booking = past_booking(world, NEXT_WEEK, "CONFIRMED", complete_after_minutes=30)
    done = plus(NEXT_WEEK, minutes=60 + 30)
    await booking_endings.complete_confirmed(at(context, plus(done, seconds=-1)))
    assert now_is(world, booking) == ("CONFIRMED", None)
    await booking_endings.complete_confirmed(at(context, done))
    assert now_is(world, booking) == ("COMPLETED", None)
    assert (await events_of(context, booking))[2:] == [("booking.completed", "kalends")]


@pytest.mark.parametrize(
    ("status", "rules"),
    [
        ("CONFIRMED", {}),
        ("PENDING", {"complete_after_minutes": 0}),
        ("NO_SHOW", {"complete_after_minutes": 0}),
    ],
)
async def test_nothing_else_completes(
    context: Context, world: World, status: str, rules: JSON
) -> None:
    first = "CONFIRMED" if status == "NO_SHOW" else status
    booking = past_booking(world, plus(AN_HOUR_AGO, hours=-3), first, **rules)
    if status != first:
        world.api.patch(f"/api/v1/bookings/{booking['id']}", json={"status": status})
    await booking_endings.complete_confirmed(context)
    assert now_is(world, booking) == (status, None)


async def test_rules_of_a_deleted_event_type_still_hold(context: Context, world: World) -> None:
    booking = past_booking(world, AN_HOUR_AGO, expire_pending=True)
    world.api.delete(f"/api/v1/event-types/{booking['event_type_id']}")
    await booking_endings.expire_pending(context)
    assert now_is(world, booking) == ("CANCELLED", "expired")


async def test_a_sandbox_goes_by_real_time(context: Context, world: World) -> None:
    schedule = world.sandbox.post("/api/v1/schedules", json={"name": "Room"}).json()["data"]
    made = world.sandbox.post(
        "/api/v1/event-types",
        json={
            "name": "Visit",
            "duration_minutes": 60,
            "schedule_id": schedule["id"],
            "expire_pending": True,
        },
    ).json()["data"]
    body = world.booking_body(start=AN_HOUR_AGO, event_type_id=made["id"])
    booking = world.sandbox.post("/api/v1/bookings", json=body).json()["data"]
    await booking_endings.expire_pending(context)
    after = world.sandbox.get(f"/api/v1/bookings/{booking['id']}").json()["data"]
    assert after["status"] == "CANCELLED"


async def test_many_end_in_small_batches(
    context: Context, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(store, "ENDINGS_A_BATCH", 2)
    event_type = world.create_event_type(
        schedule_id=world.create_schedule()["id"], expire_pending=True
    )
    bookings = [
        world.book(start=plus(AN_HOUR_AGO, hours=-n), event_type_id=event_type["id"])
        for n in range(7)
    ]
    await booking_endings.expire_pending(context)
    assert {now_is(world, booking)[0] for booking in bookings} == {"CANCELLED"}


async def test_one_that_was_answered_since_it_was_found_is_left_alone(
    context: Context, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    booking = past_booking(world, NEXT_WEEK, expire_pending=True)
    then = at(context, plus(NEXT_WEEK, hours=1))
    async with context.database.connection() as tx:
        endings = await store.list_to_expire(tx, then.clock(), [])
    [due] = [one for one in endings if one.booking_id == ids.decode_id(ids.BOOKING, booking["id"])]
    world.api.patch(f"/api/v1/bookings/{booking['id']}", json={"status": "CONFIRMED"})

    async def list_from_before(*_: object) -> list[store.DueEnding]:
        return [due]

    monkeypatch.setattr(store, "list_to_expire", list_from_before)
    assert await booking_endings.expire_pending(then) == 0
    assert now_is(world, booking) == ("CONFIRMED", None)


async def test_due_endings_are_found_by_an_index(context: Context) -> None:
    """Neither the bookings that stay as they are nor their number matter."""
    for statement, index in (
        (store.TO_EXPIRE, "bookings_to_expire"),
        (store.TO_COMPLETE, "bookings_to_complete"),
    ):
        async with context.database.connection() as tx:
            await tx.execute("SET enable_seqscan = off")
            yesterday = datetime.now(UTC) - timedelta(days=1)
            plan = await tx.fetch(f"EXPLAIN {statement}", yesterday, 9, [])
            await tx.execute("RESET enable_seqscan")
        assert any(f"using {index}" in row[0] for row in plan), plan
