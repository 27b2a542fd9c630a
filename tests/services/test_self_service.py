"""Links of attendees: one booking, until it is over, and one change at a time."""

import asyncio
from collections.abc import Awaitable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from uuid import UUID

import pytest

from kalends.domain import errors, ids
from kalends.domain.booking import Booking, Status
from kalends.domain.values import Instant
from kalends.runtime.links import create_link
from kalends.runtime.unit_of_work import Context
from kalends.scheduling.slots import SlotRange
from kalends.services import self_service
from kalends.services.self_service import (
    cancel_by_link,
    list_slots_by_link,
    open_link,
    reschedule_by_link,
)
from kalends.store.database import TenantConnection
from tests.world import JSON, World, plus, tomorrow_at

NEXT_WEEK = plus(tomorrow_at(10), days=7)


async def link_to(context: Context, world: World, booking: JSON) -> str:
    async with context.database.transaction() as tx:
        organization_id = world.setup.organization_id
        return await create_link(
            TenantConnection(organization_id, tx), id_of(booking), context.clock()
        )


def id_of(booking: JSON) -> UUID:
    uuid = ids.decode_id(ids.BOOKING, booking["id"])
    assert uuid is not None
    return uuid


def at(context: Context, moment: str) -> Context:
    """The same at another time."""
    return replace(context, clock=lambda: Instant.parse(moment))


async def events_of(context: Context, booking: JSON) -> list[tuple[str, str]]:
    async with context.database.connection() as tx:
        rows = await tx.fetch(
            "SELECT type, actor FROM events WHERE booking_id = $1 ORDER BY number", id_of(booking)
        )
    return [(row["type"], row["actor"]) for row in rows]


async def test_a_link_shows_its_booking_and_changes_nothing(context: Context, world: World) -> None:
    booking = world.book(world.create_schedule(), NEXT_WEEK)
    opened = await open_link(context, await link_to(context, world, booking))
    assert opened.booking.id == id_of(booking)
    assert opened.organization.id == world.setup.organization_id
    assert (opened.may_change, opened.is_over) == (True, False)
    assert len(await events_of(context, booking)) == 1


async def test_every_link_of_a_booking_stays_valid(context: Context, world: World) -> None:
    booking = world.book(world.create_schedule(), NEXT_WEEK)
    links = [await link_to(context, world, booking) for _ in range(3)]
    assert len(set(links)) == 3
    for link in links:
        assert (await open_link(context, link)).booking.id == id_of(booking)


async def test_only_the_hash_of_a_token_is_kept(context: Context, world: World) -> None:
    link = await link_to(context, world, world.book(world.create_schedule(), NEXT_WEEK))
    assert len(link) >= 32
    async with context.database.connection() as tx:
        assert not await tx.fetchval(
            "SELECT count(*) FROM booking_links l WHERE strpos(l::text, $1) > 0", link
        )


@pytest.mark.parametrize("token", ["", "x", "\x00", "\ufffd", "a" * 10_000])
async def test_an_unknown_token_opens_nothing(context: Context, token: str) -> None:
    for attempt in (
        open_link(context, token),
        cancel_by_link(context, token, None),
        reschedule_by_link(context, token, Instant.parse(NEXT_WEEK)),
        list_slots_by_link(context, token, next_month()),
    ):
        with pytest.raises(errors.NotFound):
            await attempt


async def test_cancelling_is_an_event_of_the_attendee_and_frees_the_time(
    context: Context, world: World
) -> None:
    schedule = world.create_schedule()
    booking = world.book(schedule, NEXT_WEEK)
    link = await link_to(context, world, booking)
    opened = await cancel_by_link(context, link, "cannot come")
    assert opened.booking.status == Status.CANCELLED
    assert opened.booking.cancellation_reason == "cannot come"
    assert opened.is_over
    assert (await events_of(context, booking))[1:] == [("booking.cancelled", "attendee")]
    assert world.book(schedule, NEXT_WEEK)


async def test_a_second_cancellation_changes_nothing(context: Context, world: World) -> None:
    booking = world.book(world.create_schedule(), NEXT_WEEK)
    link = await link_to(context, world, booking)
    await cancel_by_link(context, link, "first")
    assert (await cancel_by_link(context, link, "second")).booking.cancellation_reason == "first"
    assert len(await events_of(context, booking)) == 2


async def test_moving_keeps_the_length_and_the_id(context: Context, world: World) -> None:
    booking = world.book(world.create_schedule(), NEXT_WEEK)
    link = await link_to(context, world, booking)
    opened = await reschedule_by_link(context, link, Instant.parse(plus(NEXT_WEEK, hours=3)))
    moved = world.api.get(f"/api/v1/bookings/{booking['id']}").json()["data"]
    assert moved["start_time"] == plus(NEXT_WEEK, hours=3)
    assert moved["end_time"] == plus(NEXT_WEEK, hours=4)
    assert opened.may_change
    assert (await events_of(context, booking))[1:] == [("booking.rescheduled", "attendee")]


async def test_moving_to_where_it_is_changes_nothing(context: Context, world: World) -> None:
    booking = world.book(world.create_schedule(), NEXT_WEEK)
    link = await link_to(context, world, booking)
    await reschedule_by_link(context, link, Instant.parse(NEXT_WEEK))
    assert len(await events_of(context, booking)) == 1


async def test_a_taken_time_is_refused(context: Context, world: World) -> None:
    schedule = world.create_schedule()
    world.book(schedule, plus(NEXT_WEEK, hours=3))
    link = await link_to(context, world, world.book(schedule, NEXT_WEEK))
    with pytest.raises(errors.SlotTaken):
        await reschedule_by_link(context, link, Instant.parse(plus(NEXT_WEEK, hours=3)))


async def test_a_time_outside_of_the_hours_is_refused(context: Context, world: World) -> None:
    hours = {"start": "09:00", "end": "17:00"}
    days = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
    schedule = world.create_schedule(availability=dict.fromkeys(days, hours))
    link = await link_to(context, world, world.book(schedule, NEXT_WEEK))
    with pytest.raises(errors.Refused) as refused:
        await reschedule_by_link(context, link, Instant.parse(plus(NEXT_WEEK, hours=10)))
    assert refused.value.refusal == "OUTSIDE_AVAILABILITY"


async def test_nobody_moves_a_booking_into_the_past(context: Context, world: World) -> None:
    """An API key may record what was; a link may not."""
    link = await link_to(context, world, world.book(world.create_schedule(), NEXT_WEEK))
    with pytest.raises(errors.Refused) as refused:
        await reschedule_by_link(context, link, Instant.parse(plus(tomorrow_at(10), days=-3)))
    assert refused.value.refusal == "TOO_SHORT_NOTICE"


@pytest.mark.parametrize(
    ("minutes_before_start", "may"), [(61, True), (60, True), (59, False), (-30, False)]
)
async def test_the_event_types_notice_binds(
    context: Context, world: World, minutes_before_start: int, may: bool
) -> None:
    event_type = world.create_event_type(
        schedule_id=world.create_schedule()["id"], cancellation_notice_minutes=60
    )
    booking = world.book(start=NEXT_WEEK, event_type_id=event_type["id"])
    link = await link_to(context, world, booking)
    then = at(context, plus(NEXT_WEEK, minutes=-minutes_before_start))
    assert (await open_link(then, link)).may_change is may
    later = Instant.parse(plus(NEXT_WEEK, days=1))
    refusals = [
        await refusal(reschedule_by_link(then, link, later)),
        await refusal(list_slots_by_link(then, link, next_month())),
        await refusal(cancel_by_link(then, link, None)),
    ]
    assert refusals == [None if may else errors.TooLateToChange] * 3
    assert len(await events_of(context, booking)) == (3 if may else 1)


async def refusal(attempt: Awaitable[object]) -> type[errors.KalendsError] | None:
    try:
        await attempt
    except errors.KalendsError as error:
        return type(error)
    return None


async def test_the_notice_stands_when_the_event_type_is_deleted(
    context: Context, world: World
) -> None:
    event_type = world.create_event_type(
        schedule_id=world.create_schedule()["id"], cancellation_notice_minutes=60 * 24 * 30
    )
    booking = world.book(start=NEXT_WEEK, event_type_id=event_type["id"])
    world.api.delete(f"/api/v1/event-types/{event_type['id']}")
    with pytest.raises(errors.TooLateToChange):
        await cancel_by_link(context, await link_to(context, world, booking), None)


async def test_an_api_key_is_not_bound_by_the_notice(context: Context, world: World) -> None:
    event_type = world.create_event_type(
        schedule_id=world.create_schedule()["id"], cancellation_notice_minutes=60 * 24 * 30
    )
    booking = world.book(start=NEXT_WEEK, event_type_id=event_type["id"])
    assert world.api.delete(f"/api/v1/bookings/{booking['id']}").status_code == 200


async def test_without_a_notice_it_may_be_changed_until_its_start(
    context: Context, world: World
) -> None:
    booking = world.book(world.create_schedule(), NEXT_WEEK)
    link = await link_to(context, world, booking)
    assert (await open_link(at(context, NEXT_WEEK), link)).may_change
    begun = at(context, plus(NEXT_WEEK, minutes=1))
    opened = await open_link(begun, link)
    assert (opened.may_change, opened.has_begun, opened.is_over) == (False, True, False)
    later = Instant.parse(plus(NEXT_WEEK, days=1))
    for attempt in (
        reschedule_by_link(begun, link, later),
        list_slots_by_link(begun, link, next_month()),
        cancel_by_link(begun, link, None),
    ):
        with pytest.raises(errors.TooLateToChange, match="it has begun"):
            await attempt
    ended = at(context, plus(NEXT_WEEK, minutes=60))
    assert (await open_link(ended, link)).is_over
    with pytest.raises(errors.TooLateToChange, match="is over"):
        await cancel_by_link(ended, link, None)


async def test_who_is_asked_for_another_time_may_change_it_until_its_end(
    context: Context, world: World
) -> None:
    schedule = world.create_schedule()
    event_type = world.create_event_type(
        schedule_id=schedule["id"], cancellation_notice_minutes=60, duration_minutes=60
    )
    booking = world.book(start=NEXT_WEEK, event_type_id=event_type["id"])
    link = await link_to(context, world, booking)
    path = f"/api/v1/schedules/{schedule['id']}/absences"
    span = {"start_time": NEXT_WEEK, "end_time": plus(NEXT_WEEK, hours=1)}
    absence = world.api.post(path, json=span).json()["data"]
    decisions = [{"booking_id": booking["id"], "action": "offer"}]
    done = world.api.post(f"{path}/{absence['id']}/resolve", json={"decisions": decisions})
    assert done.status_code == 200, done.text
    assert (await open_link(at(context, plus(NEXT_WEEK, minutes=59)), link)).may_change
    assert not (await open_link(at(context, plus(NEXT_WEEK, minutes=60)), link)).may_change


@pytest.mark.parametrize("status", ["COMPLETED", "NO_SHOW", "CANCELLED"])
async def test_a_booking_that_is_over_is_shown_and_stays(
    context: Context, world: World, status: str
) -> None:
    booking = world.book(world.create_schedule(), NEXT_WEEK)
    path = f"/api/v1/bookings/{booking['id']}"
    for step in ("CONFIRMED", status):
        assert world.api.patch(path, json={"status": step}).status_code == 200
    link = await link_to(context, world, booking)
    assert (await open_link(context, link)).is_over
    with pytest.raises(errors.TooLateToChange):
        await reschedule_by_link(context, link, Instant.parse(plus(NEXT_WEEK, days=1)))
    if status != "CANCELLED":
        with pytest.raises(errors.TooLateToChange):
            await cancel_by_link(context, link, None)
    assert world.api.get(path).json()["data"]["status"] == status


async def test_a_booking_changed_meanwhile_is_shown_again_first(
    context: Context, world: World
) -> None:
    booking = world.book(world.create_schedule(), NEXT_WEEK)
    link = await link_to(context, world, booking)
    seen = (await open_link(context, link)).booking.version
    world.api.patch(f"/api/v1/bookings/{booking['id']}", json={"title": "Another"})
    with pytest.raises(errors.Stale):
        await cancel_by_link(context, link, None, seen)
    assert (await cancel_by_link(context, link, None, seen + 1)).is_over


async def test_slots_for_a_move_are_allowed_and_upcoming(context: Context, world: World) -> None:
    schedule = world.create_schedule()
    link = await link_to(context, world, world.book(schedule, NEXT_WEEK))
    world.book(schedule, plus(NEXT_WEEK, hours=2))
    day = date.fromisoformat(NEXT_WEEK[:10])
    listed = await list_slots_by_link(context, link, SlotRange(start=day, end=day))
    offered = {slot.start for slot in listed.slots}
    assert timestamp(NEXT_WEEK) in offered
    assert timestamp(plus(NEXT_WEEK, hours=2)) not in offered
    then = plus(NEXT_WEEK, minutes=-30)
    listed = await list_slots_by_link(at(context, then), link, SlotRange(start=day, end=day))
    assert {slot.start for slot in listed.slots} == {s for s in offered if s > timestamp(then)}


async def test_two_at_once_give_one_change(context: Context, world: World) -> None:
    schedule = world.create_schedule()
    for round_ in range(10):
        start = plus(NEXT_WEEK, days=round_)
        booking = world.book(schedule, start)
        link = await link_to(context, world, booking)
        later = Instant.parse(plus(start, hours=2))
        await asyncio.gather(*(reschedule_by_link(context, link, later) for _ in range(4)))
        await asyncio.gather(*(cancel_by_link(context, link, str(n)) for n in range(4)))
        assert [kind for kind, _ in await events_of(context, booking)] == [
            "booking.created",
            "booking.rescheduled",
            "booking.cancelled",
        ]


async def test_the_notice_counts_from_where_the_booking_was_moved_meanwhile(
    context: Context, world: World
) -> None:
    event_type = world.create_event_type(
        schedule_id=world.create_schedule()["id"], cancellation_notice_minutes=60
    )
    booking = world.book(start=NEXT_WEEK, event_type_id=event_type["id"])
    link = await link_to(context, world, booking)
    async with context.database.transaction() as tx:
        await tx.execute("SELECT FROM bookings WHERE id = $1 FOR UPDATE", id_of(booking))
        cancelling = asyncio.create_task(cancel_by_link(context, link, None))
        await until_somebody_waits(context)
        await tx.execute(
            "UPDATE bookings SET version = version + 1, start_time = now() + interval '30 minutes'"
            " WHERE id = $1",
            id_of(booking),
        )
    with pytest.raises(errors.TooLateToChange):
        await cancelling


async def until_somebody_waits(context: Context) -> None:
    """Until a statement waits for the lock of a row."""
    query = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
    for _ in range(500):
        async with context.database.connection() as tx:
            if await tx.fetchval(query):
                return
        await asyncio.sleep(0.01)
    raise AssertionError("nobody waits")


async def test_a_link_moves_nothing_that_is_cancelled_at_the_same_moment(
    context: Context, world: World
) -> None:
    schedule = world.create_schedule()
    for round_ in range(10):
        start = plus(NEXT_WEEK, days=round_)
        booking = world.book(schedule, start)
        link = await link_to(context, world, booking)
        results = await asyncio.gather(
            reschedule_by_link(context, link, Instant.parse(plus(start, hours=2))),
            cancel_by_link(context, link, None),
            return_exceptions=True,
        )
        assert not isinstance(results[1], Exception)
        assert isinstance(
            results[0],
            self_service.LinkedBooking | errors.TooLateToChange | errors.NotReschedulable,
        )
        kinds = [kind for kind, _ in await events_of(context, booking)]
        assert kinds[-1] == "booking.cancelled"
        assert kinds.count("booking.cancelled") == 1
        async with context.database.connection() as tx:
            assert not await tx.fetchval(
                "SELECT count(*) FROM occupancies WHERE booking_id = $1", id_of(booking)
            )


async def test_a_sandbox_has_links_too_and_goes_by_real_time(
    context: Context, world: World
) -> None:
    schedule = world.sandbox.post("/api/v1/schedules", json={"name": "Room"}).json()["data"]
    body = world.booking_body(schedule, NEXT_WEEK)
    booking = world.sandbox.post("/api/v1/bookings", json=body).json()["data"]
    async with context.database.transaction() as tx:
        link = await create_link(
            TenantConnection(world.setup.sandbox_organization_id, tx),
            id_of(booking),
            context.clock(),
        )
    opened: Booking = (await cancel_by_link(context, link, None)).booking
    assert opened.status == Status.CANCELLED


def next_month() -> SlotRange:
    today = datetime.now(UTC).date()
    return SlotRange(start=today, end=today + timedelta(days=30))


def timestamp(moment: str) -> int:
    return int(datetime.fromisoformat(moment).timestamp())
