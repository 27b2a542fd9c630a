"""The requests that are sent: bytes, ready for the socket."""

import random
from collections.abc import Iterator
from datetime import datetime, timedelta

from bench.fill import BOOKINGS, ORGANIZATIONS, FreeTime, World, shown_booking, shown_schedule
from bench.load import Request


def get(world: World) -> Request:
    """Any booking of all."""
    heads = [head(f"GET /api/v1/bookings/{shown_booking(n)}") for n in range(BOOKINGS)]
    tails = [tail(key) for key in world.keys]

    def make() -> bytes:
        number = random.randrange(BOOKINGS)
        return heads[number] + tails[number % ORGANIZATIONS]

    return Request(make, status=200)


def list_confirmed(world: World) -> Request:
    """The first 50 of an organization's confirmed bookings, and how many there are."""
    first = head("GET /api/v1/bookings?status=CONFIRMED&limit=50")
    requests = [first + tail(key) for key in world.keys]
    return Request(lambda: random.choice(requests), status=200)


def create(world: World, numbers: Iterator[int]) -> Request:
    """The next free time, on another schedule each time."""
    return Request(lambda: _post(world, next(numbers), ""), status=201)


def create_once(world: World, numbers: Iterator[int]) -> Request:
    """The same with an `Idempotency-Key` of its own."""

    def make() -> bytes:
        number = next(numbers)
        return _post(world, number, f"idempotency-key: key-{number}\r\n")

    return Request(make, status=201)


def _post(world: World, number: int, header: str) -> bytes:
    free = FreeTime(number)
    body = (
        f'{{"schedule_id": "{shown_schedule(free.schedule)}",'
        f' "start_time": "{_text(free.starts_at)}",'
        f' "end_time": "{_text(free.starts_at + timedelta(minutes=30))}",'
        f' "title": "Consultation", "attendee": {{"name": "John Doe",'
        f' "email": "john{number}@example.com", "phone": "+49 30 123456"}},'
        f' "metadata": {{"order": 1234}}}}'
    ).encode()
    sized = f"{header}content-type: application/json\r\ncontent-length: {len(body)}\r\n".encode()
    end = tail(world.keys[free.schedule % ORGANIZATIONS])
    return head("POST /api/v1/bookings") + sized + end + body


def head(line: str) -> bytes:
    """The request line and the headers that are always the same."""
    return f"{line} HTTP/1.1\r\nhost: 127.0.0.1\r\naccept: */*\r\n".encode()


def tail(key: str) -> bytes:
    """The key, and the end of the headers."""
    return f"authorization: Bearer {key}\r\n\r\n".encode()


def _text(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")
