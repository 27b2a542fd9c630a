"""One booking, changed by its link and by a key at once, in several processes."""

import asyncio
from collections import Counter
from uuid import UUID

import httpx

from kalends.domain import ids
from kalends.runtime.links import create_link
from kalends.store.database import TenantConnection
from tests.homes import BESIDE
from tests.races.conftest import Fleet
from tests.races.racing import ComingAgain
from tests.world import JSON, World, plus, tomorrow_at

PATH = "/api/v1/bookings"
ROUNDS = 15


def test_a_booking_is_moved_once_and_cancelled_once(fleet: Fleet, world: World) -> None:
    """Each round: three move it to the same time, three cancel it, a key confirms it."""
    schedule = world.create_schedule()
    bookings = [world.book(schedule, plus(tomorrow_at(0), days=n + 1)) for n in range(ROUNDS)]
    links = asyncio.run(make_links(fleet, world, bookings))
    answers = asyncio.run(change_all(fleet, world, bookings, links))
    assert set(answers["cancel"]) == {303}
    assert set(answers["move"]) <= {303, 422}
    assert set(answers["confirm"]) <= {200, 409}
    for booking, logged in zip(bookings, asyncio.run(events_of(fleet, bookings)), strict=True):
        kinds = Counter(kind for kind, _ in logged)
        assert logged[-1] == ("booking.cancelled", "attendee")
        assert max(kinds.values()) == 1, kinds
        now = world.api.get(f"{PATH}/{booking['id']}").json()["data"]
        assert now["status"] == "CANCELLED"
        assert (now["start_time"] != booking["start_time"]) == ("booking.rescheduled" in kinds)
    moved = sum(status == 303 for status in answers["move"])
    assert moved, "nobody raced"


async def change_all(
    fleet: Fleet, world: World, bookings: list[JSON], links: list[str]
) -> dict[str, list[int]]:
    """What each was answered, by what was tried."""
    answers: dict[str, list[int]] = {"move": [], "cancel": [], "confirm": []}
    async with httpx.AsyncClient(timeout=60, transport=ComingAgain()) as client:

        async def move(url: str, start: str) -> None:
            answer = await client.post(f"{url}/reschedule", data={"start": start})
            answers["move"].append(answer.status_code)

        async def cancel(url: str) -> None:
            answers["cancel"].append((await client.post(f"{url}/cancel")).status_code)

        async def confirm(url: str) -> None:
            body = {"status": "CONFIRMED"}
            answer = await client.patch(url, json=body, headers=world.api.headers)
            answers["confirm"].append(answer.status_code)

        for booking, link in zip(bookings, links, strict=True):
            there = plus(booking["start_time"], hours=2)
            await asyncio.gather(
                *(move(f"{url}/booking/{link}", there) for url in fleet.urls),
                confirm(f"{fleet.urls[0]}{PATH}/{booking['id']}"),
                *(cancel(f"{url}/booking/{link}") for url in fleet.urls),
            )
    return answers


async def make_links(fleet: Fleet, world: World, bookings: list[JSON]) -> list[str]:
    context = fleet.home.context(BESIDE)
    async with context.database.transaction() as tx:
        made = [
            await create_link(
                TenantConnection(world.setup.organization_id, tx), id_of(booking), context.clock()
            )
            for booking in bookings
        ]
    await context.database.close()
    return made


async def events_of(fleet: Fleet, bookings: list[JSON]) -> list[list[tuple[str, str]]]:
    context = fleet.home.context(BESIDE)
    query = "SELECT type, actor FROM events WHERE booking_id = $1 ORDER BY number"
    async with context.database.connection() as tx:
        rows_by_booking = [await tx.fetch(query, id_of(booking)) for booking in bookings]
    await context.database.close()
    return [[(event["type"], event["actor"]) for event in events] for events in rows_by_booking]


def id_of(booking: JSON) -> UUID:
    uuid = ids.decode_id(ids.BOOKING, booking["id"])
    assert uuid is not None
    return uuid
