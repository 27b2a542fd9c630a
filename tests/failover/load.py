"""Bookings by several lanes at once, each under a key that is repeated until it is answered."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import httpx

from tests.world import JSON, World, plus, tomorrow_at

PATH = "/api/v1/bookings"
# Of one try; the server's own limit is shorter.
TRY_SECONDS = 10.0
PAUSE_SECONDS = 0.2
AGAIN = frozenset({"UNAVAILABLE", "NOT_REPLICATED", "IDEMPOTENCY_KEY_IN_USE"})


@dataclass
class BookingLanes:
    """Lanes that book hour after hour on schedules of their own, each by one of the servers in
    turn. `answered` has the ids of bookings by their keys, `by_server` how many each answered."""

    world: World
    urls: Sequence[str]
    schedules: Sequence[JSON]
    answered: dict[str, str] = field(default_factory=dict)
    by_server: list[int] = field(default_factory=list)
    refusals: list[JSON] = field(default_factory=list)
    _is_over: bool = False

    async def __aenter__(self) -> "BookingLanes":
        self.by_server = [0] * len(self.urls)
        headers = dict(self.world.api.headers)
        self._clients = [
            httpx.AsyncClient(base_url=url, headers=headers, timeout=TRY_SECONDS)
            for url in self.urls
        ]
        self._answered = asyncio.Event()
        self._lanes = [asyncio.create_task(self._drive(n)) for n in range(len(self.schedules))]
        for lane in self._lanes:
            lane.add_done_callback(lambda _: self._answered.set())
        return self

    async def __aexit__(self, *_: object) -> None:
        """Begins no further booking; those that were begun are repeated until they are answered."""
        self._is_over = True
        try:
            async with asyncio.timeout(60):
                await asyncio.gather(*self._lanes)
        finally:
            for client in self._clients:
                await client.aclose()

    async def until_each_has_answered(self, count: int, within: float) -> None:
        """So many further bookings by each server."""
        goals = [number + count for number in self.by_server]
        await self.until(
            lambda: all(n >= goal for n, goal in zip(self.by_server, goals, strict=True)), within
        )

    async def until_one_more_is_refused(self, within: float) -> None:
        before = len(self.refusals)
        await self.until(lambda: len(self.refusals) > before, within)

    async def until(self, is_so: Callable[[], bool], within: float) -> None:
        """Goes on until something is so, which is asked after each answer."""
        async with asyncio.timeout(within):
            while not is_so():
                for lane in self._lanes:
                    if lane.done():
                        lane.result()
                self._answered.clear()
                await self._answered.wait()

    async def _drive(self, lane: int) -> None:
        place = lane % len(self.urls)
        number = 0
        while not self._is_over:
            start = plus(tomorrow_at(0), hours=number)
            body = self.world.booking_body(self.schedules[lane], start)
            key = f"{lane}-{number}"
            self.answered[key] = await self._book(self._clients[place], key, body)
            self.by_server[place] += 1
            self._answered.set()
            number += 1

    async def _book(self, client: httpx.AsyncClient, key: str, body: JSON) -> str:
        while True:
            try:
                answer = await client.post(PATH, json=body, headers={"idempotency-key": key})
            except httpx.HTTPError:
                await asyncio.sleep(PAUSE_SECONDS)
                continue
            if answer.status_code == 201:
                booking_id: str = answer.json()["data"]["id"]
                return booking_id
            refusal: dict[str, Any] = answer.json()
            assert refusal["code"] in AGAIN, refusal
            self.refusals.append(refusal)
            self._answered.set()
            await asyncio.sleep(PAUSE_SECONDS)
