"""Bookings that are changed quickly, whatever happens to the server meanwhile."""

import os
import time
import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import httpx

from tests.world import JSON, World, plus

BOOKINGS = "/api/v1/bookings"
FIRST = "2031-01-01T00:00:00Z"
# So many times as many bookings as in the suite, and as long stops: more, by hand.
TIMES = int(os.environ.get("FIRE", "1"))
AT_ONCE = 6
PATIENCE_SECONDS = 120
STILL_RUNNING = "IDEMPOTENCY_KEY_IN_USE"


def change_often(world: World, schedule: JSON, number: int, notify: bool) -> str:
    """A booking and its changes: one of each of `destinations.EVENTS`. Gives its id."""
    body = world.booking_body(schedule, plus(FIRST, hours=3 * number))
    booking = insist(world, "POST", BOOKINGS, body)
    for fields in (
        {"status": "CONFIRMED"},
        {"start_time": plus(booking["start_time"], hours=1)},
        {"title": "Another"},
        {"status": "CANCELLED"},
    ):
        insist(world, "PATCH", f"{BOOKINGS}/{booking['id']}", fields | {"notify": notify})
    return str(booking["id"])


def insist(world: World, method: str, path: str, body: JSON) -> JSON:
    """Asks under one key until a server answers that it is done. Gives what it answered."""
    headers = {"idempotency-key": uuid.uuid4().hex}
    until = time.monotonic() + PATIENCE_SECONDS
    while True:
        answer = ask(world, method, path, body, headers)
        if answer is not None and answer.is_success:
            data: JSON = answer.json()["data"]
            return data
        if answer is not None and answer.status_code < 500:
            assert answer.json()["code"] == STILL_RUNNING, answer.text
        assert time.monotonic() < until, answer
        time.sleep(0.1)


def ask(
    world: World, method: str, path: str, body: JSON, headers: dict[str, str]
) -> httpx.Response | None:
    """None while nobody answers."""
    try:
        return world.api.request(method, path, json=body, headers=headers)
    except httpx.TransportError:
        return None


def many(make: Callable[[int], str], count: int) -> list[str]:
    """What `make` gives for each number from 0, some at once."""
    with ThreadPoolExecutor(AT_ONCE) as pool:
        return list(pool.map(make, range(count)))


def change_many(world: World, count: int, *, notify: bool = True) -> list[str]:
    """The ids of so many bookings that were changed often, on a schedule of their own. Without
    `notify` no mail is sent about the changes."""
    schedule = insist(world, "POST", "/api/v1/schedules", {"name": "Room 1"})
    return many(lambda number: change_often(world, schedule, number, notify), count)


def book_many(world: World, count: int) -> list[str]:
    """The ids of so many bookings, on a schedule of their own."""
    schedule = world.create_schedule()
    return many(lambda number: str(world.book(schedule, plus(FIRST, hours=number))["id"]), count)
