"""The statements of a booking are planned once for a connection, not each time they run."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta

from kalends.compose import Installation
from kalends.domain.access import Mode
from kalends.domain.booking import Booking, BookingFilter, Status
from kalends.domain.ids import EVENT_TYPE, SCHEDULE, decode_id
from kalends.runtime.sealing import Seal
from kalends.runtime.unit_of_work import Caller, Context, UnitOfWork, change, read
from kalends.scheduling.booking_changes import BookingChanges, Cancellation
from kalends.scheduling.booking_creation import NewAttendee, NewBooking
from kalends.scheduling.holds import NewHold
from kalends.scheduling.slot_queries import SlotPurpose
from kalends.scheduling.slots import SlotRange
from kalends.services import bookings, holds
from kalends.services.slots import list_slots
from kalends.store.database import Database
from tests.world import World

# PostgreSQL plans the first five for their arguments, and then looks whether that is any better.
TIMES = 8
# A plan for any list thinks of ten ids, and one for any status of a common one: where there is a
# single id, or where the tests before have left few bookings of the status, one for the arguments
# may be cheaper by more than it costs to make.
MAY_BE_PLANNED = ("= ANY($", "AND status = $2 ORDER BY")
KEPT = """
SELECT statement, generic_plans FROM pg_prepared_statements WHERE custom_plans + generic_plans > 5
"""


async def test_statements_of_bookings_are_planned_once(home: Installation, world: World) -> None:
    room = decode_id(SCHEDULE, world.create_schedule()["id"])
    course = world.create_event_type(
        requirements=[{"schedule_ids": [world.create_schedule()["id"]]}], capacity=3
    )
    event_type = decode_id(EVENT_TYPE, course["id"])
    context = Context(Database(home.parameters, 1), Seal(home.secret))
    caller = Caller(world.setup.organization_id, Mode.LIVE, "key_1")
    try:
        for number in range(TIMES):
            starts_at = datetime(2031, 5, 1 + number, 9, tzinfo=UTC)
            await _book(
                context,
                caller,
                NewBooking(
                    start_time=starts_at,
                    end_time=starts_at + timedelta(hours=1),
                    schedule_id=room,
                    attendee=NewAttendee(name="Ada", email=f"ada{number}@example.com"),
                ),
            )
            await _book(
                context,
                caller,
                NewBooking(
                    start_time=starts_at,
                    event_type_id=event_type,
                    attendee=NewAttendee(name="Ada", email=f"ada{number}@example.com"),
                ),
            )
            hold = NewHold(start_time=starts_at, minutes=5, event_type_id=event_type)
            made = await change(context, caller, holds.create_hold, hold)
            await read(context, caller, holds.get_hold, made.id)
            await change(context, caller, holds.delete_hold, made.id)
            days = SlotRange(start=starts_at.date(), end=starts_at.date() + timedelta(days=7))
            for purpose in (
                SlotPurpose(event_type_id=event_type),
                SlotPurpose(schedule_id=room, duration_minutes=30),
            ):
                await list_slots(context, caller, purpose, days)
        async with context.database.connection() as connection:
            kept = await connection.fetch(KEPT)
    finally:
        await context.close()
    assert len(kept) >= 20
    planned = [row["statement"] for row in kept if row["generic_plans"] == 0]
    assert [sql for sql in planned if not any(part in sql for part in MAY_BE_PLANNED)] == []


async def _book(context: Context, caller: Caller, new: NewBooking) -> None:
    """Books, reads, lists, moves and cancels."""
    booking = await change(context, caller, bookings.create_booking, new)
    await read(context, caller, bookings.get_booking, booking.id)
    for criteria in (
        BookingFilter(statuses=(Status.CONFIRMED,)),
        BookingFilter(schedule_id=booking.schedule_id, since=booking.start_time),
    ):
        await read(
            context, caller, bookings.list_bookings, criteria, upcoming=False, limit=50, offset=0
        )
    later = BookingChanges(start_time=booking.start_time + timedelta(hours=2))
    await change(context, caller, _with_seen(bookings.update_booking, later), booking)
    await change(context, caller, _with_seen(bookings.cancel_booking, Cancellation()), booking)


def _with_seen(
    use_case: Callable[..., Awaitable[Booking]], given: BookingChanges | Cancellation
) -> Callable[[UnitOfWork, Booking], Awaitable[Booking]]:
    async def run(work: UnitOfWork, booking: Booking) -> Booking:
        seen = await bookings.get_changeable(work, booking.id, None)
        return await use_case(work, seen, given)

    return run
