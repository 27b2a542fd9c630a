"""Bookings that end by themselves in several processes, while people change the same ones."""

import asyncio
from collections import Counter

import httpx

from kalends.domain import ids
from tests.homes import BESIDE
from tests.races.conftest import Fleet
from tests.races.housekeepers import housekeepers
from tests.races.racing import ComingAgain
from tests.world import JSON, World, plus, tomorrow_at

PATH = "/api/v1/bookings"
LONG_AGO = plus(tomorrow_at(10), days=-30)
BOOKINGS = 120
ANSWERED_FIRST = 6
BY_KEY, BY_ITSELF = "key", "kalends"


def test_a_request_expires_once_or_is_answered_once(fleet: Fleet, world: World) -> None:
    """Two housekeepers, and somebody who confirms or cancels each at the moment it is due."""
    answers = race(fleet, world, {"expire_pending": True}, "PENDING", ("CONFIRMED", "CANCELLED"))
    for booking, answer, events in answers:
        [(kind, actor)] = events[1:]
        confirmed = kind == "booking.confirmed"
        assert actor == BY_KEY if confirmed else actor in (BY_KEY, BY_ITSELF)
        assert confirmed == (booking["status"] == "CONFIRMED")
        if actor == BY_ITSELF:
            assert booking["cancellation_reason"] == "expired"
        else:
            assert answer == 200


def test_an_appointment_completes_once_or_is_ended_once(fleet: Fleet, world: World) -> None:
    rules = {"complete_after_minutes": 0}
    answers = race(fleet, world, rules, "CONFIRMED", ("NO_SHOW", "CANCELLED"))
    for booking, answer, events in answers:
        [(kind, actor)] = events[2:]
        assert (
            kind
            == {
                "COMPLETED": "booking.completed",
                "NO_SHOW": "booking.no_show",
                "CANCELLED": "booking.cancelled",
            }[booking["status"]]
        )
        assert (actor == BY_KEY) == (answer == 200) == (booking["status"] != "COMPLETED")


def race(
    fleet: Fleet, world: World, rules: JSON, status: str, statuses: tuple[str, str]
) -> list[tuple[JSON, int, list[tuple[str, str]]]]:
    """Each booking as it is then, what its caller was answered, and its events."""
    event_type = world.create_event_type(schedule_id=world.create_schedule()["id"])
    bookings = [
        world.book(start=plus(LONG_AGO, hours=n), event_type_id=event_type["id"])
        for n in range(BOOKINGS)
    ]
    for booking in bookings if status != "PENDING" else ():
        world.api.patch(f"{PATH}/{booking['id']}", json={"status": status})

    async def change(lane: list[int], answers: dict[int, int]) -> None:
        async with httpx.AsyncClient(
            headers=world.api.headers, timeout=60, transport=ComingAgain()
        ) as client:
            for n in lane:
                url = f"{fleet.urls[n % len(fleet.urls)]}{PATH}/{bookings[n]['id']}"
                answer = await client.patch(url, json={"status": statuses[n % 3 % 2]})
                answers[n] = answer.status_code

    async def set_rules(answers: dict[int, int]) -> None:
        """Once some are answered: housekeepers that begin first may leave nothing to anybody."""
        while len(answers) < ANSWERED_FIRST:
            await asyncio.sleep(0.01)
        async with httpx.AsyncClient(
            headers=world.api.headers, timeout=60, transport=ComingAgain()
        ) as client:
            path = f"{fleet.urls[0]}/api/v1/event-types/{event_type['id']}"
            assert (await client.patch(path, json=rules)).status_code == 200

    async def change_all() -> list[int]:
        """Two of three from the end on, so that they meet the housekeepers; the rest beside them,
        from the start on."""
        backward = [n for n in reversed(range(BOOKINGS)) if n % 3]
        forward = [n for n in range(BOOKINGS) if not n % 3]
        answers: dict[int, int] = {}
        await asyncio.gather(
            change(backward, answers), change(forward, answers), set_rules(answers)
        )
        return [answers[n] for n in range(BOOKINGS)]

    with housekeepers(fleet.url, 2):
        answers = asyncio.run(change_all())
    events = asyncio.run(events_of(fleet, bookings))
    assert set(answers) <= {200, 409}
    seen = Counter(actor for logged in events for _, actor in logged[-1:])
    assert set(seen) == {BY_KEY, BY_ITSELF}, "nobody raced"
    now = [world.api.get(f"{PATH}/{booking['id']}").json()["data"] for booking in bookings]
    return list(zip(now, answers, events, strict=True))


async def events_of(fleet: Fleet, bookings: list[JSON]) -> list[list[tuple[str, str]]]:
    context = fleet.home.context(BESIDE)
    query = "SELECT type, actor FROM events WHERE booking_id = $1 ORDER BY number"
    async with context.database.connection() as tx:
        rows_by_booking = [
            await tx.fetch(query, ids.decode_id(ids.BOOKING, b["id"])) for b in bookings
        ]
    await context.database.close()
    return [
        [(e["type"], e["actor"].partition("_")[0]) for e in events] for events in rows_by_booking
    ]
