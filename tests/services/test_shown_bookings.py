"""Lists answer from bookings that were kept, and never with what is out of date."""

import asyncio
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from msgspec import Raw, json

from kalends.domain import ids
from kalends.domain.access import Mode
from kalends.domain.booking import BookingFilter
from kalends.runtime.shown_bookings import MOST_KEPT, KeptBookings, ShownBooking
from kalends.runtime.unit_of_work import Caller, Context, change, read
from kalends.scheduling.booking_creation import NewAttendee, NewBooking
from kalends.services.bookings import create_booking, list_bookings
from kalends.store.bookings.bookings import STAMPED
from tests.world import JSON, World, plus, tomorrow_at

CHANGES_BESIDE = 200
BOOKED_BESIDE = 20
TIMES_READ = "SELECT custom_plans + generic_plans FROM pg_prepared_statements WHERE statement = $1"
TIMES_COUNTED = """
SELECT sum(custom_plans + generic_plans)::int FROM pg_prepared_statements
WHERE statement LIKE 'WITH latest%count(*)%'
"""


def two_bookings(world: World) -> list[JSON]:
    """On a schedule of their own, in the order of a list."""
    schedule = world.create_schedule()
    return [world.book(schedule, plus(tomorrow_at(9), hours=hour)) for hour in range(2)]


async def listed(context: Context, world: World, booking: JSON) -> list[Any]:
    """The list of the schedule that the booking takes."""
    caller = Caller(world.setup.organization_id, Mode.LIVE, "key_1")
    criteria = BookingFilter(schedule_id=ids.decode_id(ids.SCHEDULE, booking["schedule_id"]))
    page, total = await read(
        context, caller, list_bookings, criteria=criteria, upcoming=False, limit=50, offset=0
    )
    assert total == len(page)
    return [json.decode(shown) for shown in page]


async def retitle(context: Context, bookings: list[JSON], title: str) -> None:
    """As somebody with a database client does it, all in one statement."""
    numbers = [ids.decode_id(ids.BOOKING, booking["id"]) for booking in bookings]
    async with context.database.connection() as tx:
        await tx.execute("UPDATE bookings SET title = $2 WHERE id = ANY($1)", numbers, title)


async def test_a_list_shows_bookings_as_the_api_shows_each(context: Context, world: World) -> None:
    bookings = two_bookings(world)
    for _ in range(2):
        assert await listed(context, world, bookings[0]) == [
            world.api.get(f"/api/v1/bookings/{booking['id']}").json()["data"]
            for booking in bookings
        ]


async def test_staff_are_shown_bookings_on_their_own_schedules_alone(
    context: Context, world: World
) -> None:
    own, others = two_bookings(world)[0], two_bookings(world)[0]
    schedule = ids.decode_id(ids.SCHEDULE, own["schedule_id"])
    assert schedule is not None
    caller = Caller(
        world.setup.organization_id, Mode.LIVE, "usr_1", only_schedules=frozenset({schedule})
    )
    for of in (None, own, others):
        criteria = BookingFilter(
            schedule_id=ids.decode_id(ids.SCHEDULE, of["schedule_id"]) if of else None
        )
        page, total = await read(
            context, caller, list_bookings, criteria=criteria, upcoming=False, limit=50, offset=0
        )
        assert total == len(page) == (0 if of is others else 2)
        assert {json.decode(shown)["schedule_id"] for shown in page} <= {own["schedule_id"]}


async def test_a_booking_is_read_again_only_when_it_has_changed(
    context: Context, world: World
) -> None:
    bookings = two_bookings(world)

    async def times_read() -> int:
        async with context.database.connection() as tx:
            times: int = await tx.fetchval(TIMES_READ, STAMPED)
            return times

    await listed(context, world, bookings[0])
    assert await times_read() == 1
    await listed(context, world, bookings[0])
    assert await times_read() == 1
    await retitle(context, bookings[:1], "another")
    assert [one["title"] for one in await listed(context, world, bookings[0])] == ["another", None]
    assert await times_read() == 2


async def test_lists_beside_changes_are_of_one_moment(context: Context, world: World) -> None:
    bookings = two_bookings(world)
    done = 0

    async def change() -> None:
        """The second each time, and the first with it every other time."""
        nonlocal done
        for number in range(1, CHANGES_BESIDE + 1):
            await retitle(context, bookings[number % 2 :], str(number))
            done = number

    await retitle(context, bookings, "0")
    changing = asyncio.create_task(change())
    while not changing.done():
        before = done
        first, second = [int(one["title"]) for one in await listed(context, world, bookings[0])]
        # At any moment the first is as far as the second, or one behind.
        assert second - second % 2 == first
        assert second >= before
    await changing
    last = [one["title"] for one in await listed(context, world, bookings[0])]
    assert last == [str(CHANGES_BESIDE)] * 2


async def test_totals_beside_changes_are_exact(context: Context, world: World) -> None:
    bookings = two_bookings(world)
    schedule = ids.decode_id(ids.SCHEDULE, bookings[0]["schedule_id"])
    caller = Caller(world.setup.organization_id, Mode.LIVE, "key_1")
    done = len(bookings)

    async def book() -> None:
        nonlocal done
        attendee = NewAttendee(name="Ada", email="ada@example.com")
        for day in range(1, 1 + BOOKED_BESIDE):
            starts_at = datetime.fromisoformat(plus(tomorrow_at(9), hours=24 * day))
            new = NewBooking(
                start_time=starts_at,
                end_time=starts_at + timedelta(minutes=30),
                schedule_id=schedule,
                attendee=attendee,
            )
            await change(context, caller, create_booking, new)
            done += 1

    booking = asyncio.create_task(book())
    while not booking.done():
        before = done
        for _ in range(3):  # counted at first, and then known
            total = len(await listed(context, world, bookings[0]))
            assert before <= total <= done + 1
    await booking
    assert len(await listed(context, world, bookings[0])) == 2 + BOOKED_BESIDE


async def test_a_list_is_counted_again_only_after_an_event(context: Context, world: World) -> None:
    booking = two_bookings(world)[0]

    async def times_counted() -> int:
        async with context.database.connection() as tx:
            times: int = await tx.fetchval(TIMES_COUNTED)
            return times

    for _ in range(3):
        await listed(context, world, booking)
        assert await times_counted() == 1
    world.book(world.create_schedule(), tomorrow_at(9))
    await listed(context, world, booking)
    assert await times_counted() == 2


def test_what_is_kept_is_bounded() -> None:
    kept, owner = KeptBookings(), UUID(int=1)
    stamps = [number.to_bytes(28) for number in range(5 * MOST_KEPT)]
    for stamp in stamps:
        kept.keep(owner, {stamp: ShownBooking(Raw(b"{}"), 2)})
        assert kept.find(owner, stamps[:1]) != [None]  # asked for again and again, it stays
    found = [booking for booking in kept.find(owner, stamps) if booking is not None]
    assert len(found) <= 2 * MOST_KEPT


def test_what_is_kept_belongs_to_one_organization() -> None:
    kept, stamp = KeptBookings(), bytes(28)
    kept.keep(UUID(int=1), {stamp: ShownBooking(Raw(b"{}"), 2)})
    assert kept.find(UUID(int=2), [stamp]) == [None]
