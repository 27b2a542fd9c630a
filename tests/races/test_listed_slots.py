"""What is listed after an answer knows of it, whichever server is asked, with many at once."""

import asyncio
from random import Random
from typing import Any

import httpx

from tests.races.conftest import Fleet
from tests.races.racing import ComingAgain
from tests.world import JSON, World, plus

DAY = "2031-05-01"
WRITERS = 6
ROUNDS = 3


class Writer:
    """Books, moves, holds and cancels in two hours of its own, on two rooms that all share."""

    def __init__(self, number: int, client: httpx.AsyncClient, urls: list[str]) -> None:
        self.hours = [f"{DAY}T{number * 2 + which:02}:00:00Z" for which in (0, 1)]
        self._client = client
        self._urls = urls
        self._random = Random(number)

    async def ask(self, method: str, path: str, status: int, **options: Any) -> JSON:
        url = self._random.choice(self._urls)
        answer = await self._client.request(method, f"{url}/api/v1/{path}", **options)
        assert answer.status_code == status, (method, path, answer.text)
        body: JSON = answer.json()["data"]
        return body

    async def check(self, rooms: list[str], *taken: int) -> None:
        """Each server offers those of its hours that are free, of each room and of both."""
        expected = [hour for which, hour in enumerate(self.hours) if which not in taken]
        query: JSON = {"duration_minutes": 60, "start": DAY, "end": DAY}
        for room in rooms:
            for url in self._urls:
                answer = await self._client.get(
                    f"{url}/api/v1/slots", params={**query, "schedule_id": room}
                )
                starts = [slot["start_time"] for slot in answer.json()["data"]]
                assert [hour for hour in self.hours if hour in starts] == expected

    async def take_turns(self, rooms: list[str], event_type: str) -> None:
        first, second = self.hours
        await self.check(rooms)
        for turn in range(ROUNDS):
            room = rooms[turn % 2]
            body = {"start_time": first, "attendee": {"name": "Ada", "email": "ada@example.com"}}
            booked = await self.ask(
                "POST", "bookings", 201, json={**body, "event_type_id": event_type}
            )
            await self.check(rooms, 0)
            path = f"bookings/{booked['id']}"
            await self.ask("PATCH", path, 200, json={"start_time": second})
            await self.check(rooms, 1)
            times = {"schedule_id": room, "start_time": first, "end_time": plus(first, minutes=60)}
            hold = await self.ask("POST", "holds", 201, json=times)
            await self.check([room], 0, 1)
            await self.ask("DELETE", f"holds/{hold['id']}", 200)
            await self.ask("DELETE", path, 200)
            await self.check(rooms)


def test_no_server_lists_what_was_before_an_answer(fleet: Fleet, world: World) -> None:
    rooms = [world.create_schedule(name=f"Room {number}")["id"] for number in (1, 2)]
    needs = [{"count": 1, "schedule_ids": [room]} for room in rooms]
    both = world.create_event_type(requirements=needs, duration_minutes=60)["id"]

    async def race() -> None:
        headers = {"authorization": f"Bearer {world.setup.api_key}"}
        async with httpx.AsyncClient(
            headers=headers, transport=ComingAgain(), timeout=60
        ) as client:
            writers = [Writer(number, client, fleet.urls) for number in range(WRITERS)]
            await asyncio.gather(*(writer.take_turns(rooms, both) for writer in writers))

    asyncio.run(race())
