"""The requests that are sent: bytes, ready for the socket."""

import itertools
import random
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Final

from bench.load import Request
from bench.world import (
    DAYS,
    FIRST_DAY,
    LARGE,
    BenchWorld,
    key_of,
    numbered,
    shown_booking,
    shown_schedule,
)

CONFIRMED: Final = "bookings?status=CONFIRMED&limit=50"


def get(world: BenchWorld) -> Request:
    """Any booking of all."""
    return _any_booking(world, lambda _, booking: f"api/v1/bookings/{shown_booking(booking)}")


def get_from_floor(world: BenchWorld) -> Request:
    """The same of the floor in Python."""
    return _any_booking(world, lambda owner, booking: f"{numbered(owner)}/{numbered(booking)}")


def _any_booking(world: BenchWorld, path_of: Callable[[int, int], str]) -> Request:
    tails = [tail(key_of(number)) for number in range(world.organizations)]

    def make() -> bytes:
        booking = random.randrange(world.bookings)
        owner = world.organization_of(world.schedule_of(booking))
        return head(f"GET /{path_of(owner, booking)}") + tails[owner]

    return Request(make, status=200)


def list_confirmed(world: BenchWorld) -> Request:
    """The first 50 confirmed bookings of any ordinary organization, and how many there are."""
    return _any_ordinary(world, CONFIRMED)


def list_confirmed_of_large() -> Request:
    """The same of the one that has half of all bookings."""
    return _any_of([_ask(CONFIRMED, LARGE)])


def _any_ordinary(world: BenchWorld, what: str) -> Request:
    return _any_of([_ask(what, number) for number in range(1, world.ordinary_organizations + 1)])


def _ask(what: str, organization: int) -> bytes:
    return head(f"GET /api/v1/{what}") + tail(key_of(organization))


def list_of_schedule(world: BenchWorld) -> Request:
    """The first 50 bookings of any schedule from a day on."""
    query = f"limit=50&start_date={FIRST_DAY + timedelta(days=4):%Y-%m-%dT%H:%M:%SZ}"

    def make() -> bytes:
        number = random.randrange(world.schedules)
        line = f"GET /api/v1/bookings?schedule_id={shown_schedule(number)}&{query}"
        return head(line) + tail(key_of(world.organization_of(number)))

    return Request(make, status=200)


def list_by_email(world: BenchWorld) -> Request:
    """The bookings of an address, which any ordinary organization is asked for."""

    def make() -> bytes:
        booking = random.randrange(world.bookings // 2) * 2 + 1
        turn, schedule = divmod(booking, world.schedules)
        email = f"attendee{turn * 7 + schedule}@example.com"
        line = f"GET /api/v1/bookings?attendee_email={email}"
        return head(line) + tail(key_of(world.organization_of(schedule)))

    return Request(make, status=200)


def list_schedules(world: BenchWorld) -> Request:
    """The first 50 schedules of any ordinary organization, and how many there are."""
    return _any_ordinary(world, "schedules?limit=50")


def retitle(world: BenchWorld, but_every: int) -> Request:
    """Any booking gets another title, but for the ones whose number that divides."""
    numbers = itertools.count()

    def make() -> bytes:
        booking = random.randrange(world.bookings // but_every) * but_every + 1
        owner = world.organization_of(world.schedule_of(booking))
        body = f'{{"title": "Title {next(numbers)}"}}'.encode()
        line = head(f"PATCH /api/v1/bookings/{shown_booking(booking)}")
        return line + _sized(body) + tail(key_of(owner)) + body

    return Request(make, status=200)


def slots(world: BenchWorld, schedules: range) -> Request:
    """The slots of the 14 days that are full of bookings, of any of the schedules."""
    last = FIRST_DAY + timedelta(days=DAYS - 1)
    query = f"duration_minutes=30&start={FIRST_DAY:%Y-%m-%d}&end={last:%Y-%m-%d}"

    def make() -> bytes:
        number = random.choice(schedules)
        line = f"GET /api/v1/slots?schedule_id={shown_schedule(number)}&{query}"
        return head(line) + tail(key_of(world.organization_of(number)))

    return Request(make, status=200)


def create(
    world: BenchWorld, numbers: Iterator[int], *, has_webhook: bool, shift: timedelta
) -> Request:
    """The next free time and so much later, on another schedule each time."""

    def make() -> bytes:
        free = world.free_time(number := next(numbers), has_webhook=has_webhook)
        owner = world.organization_of(free.schedule)
        return _post(owner, free.schedule, free.starts_at + shift, f"john{number}@example.com")

    return Request(make, status=201)


def _post(owner: int, schedule: int, starts_at: datetime, email: str) -> bytes:
    body = (
        f'{{"schedule_id": "{shown_schedule(schedule)}",'
        f' "start_time": "{_text(starts_at)}",'
        f' "end_time": "{_text(starts_at + timedelta(minutes=30))}",'
        f' "title": "Consultation", "attendee": {{"name": "John Doe",'
        f' "email": "{email}", "phone": "+49 30 123456"}},'
        f' "metadata": {{"order": 1234}}}}'
    ).encode()
    return head("POST /api/v1/bookings") + _sized(body) + tail(key_of(owner)) + body


def _sized(body: bytes) -> bytes:
    return f"content-type: application/json\r\ncontent-length: {len(body)}\r\n".encode()


def head(line: str) -> bytes:
    """The request line and the headers that are always the same."""
    return f"{line} HTTP/1.1\r\nhost: 127.0.0.1\r\naccept: */*\r\n".encode()


def tail(key: str) -> bytes:
    """The key, and the end of the headers."""
    return f"authorization: Bearer {key}\r\n\r\n".encode()


def _any_of(requests: list[bytes]) -> Request:
    return Request(_chooser(requests), status=200)


def _chooser(requests: list[bytes]) -> Callable[[], bytes]:
    return lambda: random.choice(requests)


def _text(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")
