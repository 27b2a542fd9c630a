"""How often a booking asks the database: each question is a wait, and costs both sides."""

import asyncio
from collections.abc import Sequence
from datetime import datetime, timedelta

from kalends.compose import Installation
from kalends.domain.access import Mode
from kalends.domain.ids import SCHEDULE, decode_id
from kalends.runtime.sealing import Seal
from kalends.runtime.unit_of_work import Caller, Context, change
from kalends.scheduling.booking_creation import NewAttendee, NewBooking
from kalends.services import bookings
from kalends.store.database import Database
from kalends.store.notifier import NOTIFY
from tests.world import World, tomorrow_at

MOST_OF_A_CREATE = 5


async def test_a_booking_with_its_mails_takes_five_round_trips(
    home: Installation, world: World
) -> None:
    assert len(await _statements_of_create(home, world)) <= MOST_OF_A_CREATE


async def test_where_mail_is_switched_off_it_is_asked_which(
    home: Installation, world: World
) -> None:
    off = {"kind": "requested", "audience": "attendee", "is_off": True}
    assert world.api.post("/api/v1/message-templates", json=off).status_code == 201
    assert len(await _statements_of_create(home, world)) == MOST_OF_A_CREATE + 1


async def _statements_of_create(home: Installation, world: World) -> Sequence[str]:
    """Of the second booking of a connection, with BEGIN and COMMIT."""
    room = decode_id(SCHEDULE, world.create_schedule()["id"])
    context = Context(Database(home.parameters, 1), Seal(home.secret))
    caller = Caller(world.setup.organization_id, Mode.LIVE, "key_1")
    sent: list[str] = []
    try:
        async with context.database.connection() as connection:
            connection.add_query_logger(lambda record: sent.append(record.query))
        for hour in (9, 11):
            sent.clear()
            starts_at = datetime.fromisoformat(tomorrow_at(hour))
            new = NewBooking(
                start_time=starts_at,
                end_time=starts_at + timedelta(hours=1),
                schedule_id=room,
                attendee=NewAttendee(name="Ada", email="ada@example.com"),
            )
            await change(context, caller, bookings.create_booking, new)
            await asyncio.sleep(0)  # they are noted a turn of the loop later
    finally:
        await context.close()
    # That is sent beside, and tells of all that was committed within some milliseconds.
    return [statement for statement in sent if statement != NOTIFY]
