"""Bookings by several lanes at once, each asked for again until it is answered."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import httpx

from tests.world import JSON, World, plus, tomorrow_at

PATH = "/api/v1/bookings"
# What becomes of a booking: one of each of `tests.fire.destinations.EVENTS` after the first.
CHANGES: Sequence[Callable[[JSON], JSON]] = (
    lambda _: {"status": "CONFIRMED"},
    lambda booking: {"start_time": plus(booking["start_time"], hours=1)},
    lambda _: {"title": "Another"},
    lambda _: {"status": "CANCELLED"},
)
HOURS_APART = 2
# Of one try; the server's own limit is shorter.
TRY_SECONDS = 10.0
PAUSE_SECONDS = 0.2
ENDS_WITHIN_SECONDS = 120
AGAIN = frozenset({"UNAVAILABLE", "NOT_REPLICATED", "IDEMPOTENCY_KEY_IN_USE"})


@dataclass(frozen=True)
class AnsweredBooking:
    """A booking as it was answered last, and how many events that made."""

    shown: JSON
    events: int


@dataclass
class BookingLanes:
    """Lanes that book on schedules of their own, each by one of the servers in turn, every booking
    under a key. Where they are `changing`, the first booking of a lane is changed never, the next
    one once, and so on. Each lane pauses for so many seconds after an answer. `answered` has the
    bookings by their keys, `by_server` how often each server answered, `refusals` what it refused,
    `failures` what had no answer."""

    world: World
    urls: Sequence[str]
    schedules: Sequence[JSON]
    changing: bool = False
    pause_seconds: float = 0.0
    answered: dict[str, AnsweredBooking] = field(default_factory=dict)
    by_server: list[int] = field(default_factory=list)
    refusals: list[JSON] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)
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
            async with asyncio.timeout(ENDS_WITHIN_SECONDS):
                await asyncio.gather(*self._lanes)
        except TimeoutError:
            raise TimeoutError(f"not answered to the end: {self._seen()}") from None
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
        """Goes on until something is so, which is asked after each answer. Raises TimeoutError,
        which says what the load saw last."""
        try:
            async with asyncio.timeout(within):
                while not is_so():
                    for lane in self._lanes:
                        if lane.done():
                            lane.result()
                    self._answered.clear()
                    await self._answered.wait()
        except TimeoutError:
            raise TimeoutError(f"not in {within} s: {self._seen()}") from None

    def _seen(self) -> str:
        return (
            f"{self.by_server} answers by {self.urls}; {len(self.refusals)} refusals, the last"
            f" {self.refusals[-3:]}; {len(self.failures)} without an answer {self.failures[-3:]}"
        )

    async def _drive(self, lane: int) -> None:
        place = lane % len(self.urls)
        number = 0
        while not self._is_over:
            start = plus(tomorrow_at(0), hours=number * HOURS_APART)
            body = self.world.booking_body(self.schedules[lane], start)
            key = f"{lane}-{number}"
            booking = await self._insist(place, "POST", PATH, body, key)
            self.answered[key] = AnsweredBooking(booking, events=1)
            changes = CHANGES[: number % (len(CHANGES) + 1)] if self.changing else ()
            for made, change in enumerate(changes, start=2):
                path = f"{PATH}/{booking['id']}"
                booking = await self._insist(place, "PATCH", path, change(booking))
                self.answered[key] = AnsweredBooking(booking, made)
            number += 1

    async def _insist(
        self, place: int, method: str, path: str, body: JSON, key: str | None = None
    ) -> JSON:
        """Asks that server until it answers that it is done. A change without a key asks for what
        is so afterwards, and may be asked for twice."""
        headers = {"idempotency-key": key} if key else {}
        while True:
            try:
                answer = await self._clients[place].request(
                    method, path, json=body, headers=headers
                )
            except httpx.HTTPError as error:
                self.failures.append(f"{place}: {error!r}")
                await asyncio.sleep(PAUSE_SECONDS)
                continue
            if answer.is_success:
                self.by_server[place] += 1
                self._answered.set()
                booking: JSON = answer.json()["data"]
                await asyncio.sleep(self.pause_seconds)
                return booking
            refusal: dict[str, Any] = answer.json()
            assert refusal["code"] in AGAIN, refusal
            self.refusals.append(refusal)
            self._answered.set()
            await asyncio.sleep(PAUSE_SECONDS)
