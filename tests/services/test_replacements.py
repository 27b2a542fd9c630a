"""Who could stand in for somebody is asked once for the bookings of a day."""

import asyncio

from kalends.domain.absence import AbsenceOwner
from kalends.domain.access import Mode
from kalends.domain.ids import ABSENCE, decode_id
from kalends.runtime.unit_of_work import Caller, Context, UnitOfWork, read
from kalends.services.absences import list_affected
from tests.web.people.test_absences import absent
from tests.web.people.test_reassigning import book_with, team
from tests.world import World, tomorrow_at


async def test_many_bookings_of_a_day_take_no_more_statements(
    context: Context, world: World
) -> None:
    (ada, grace, _), event_type = team(world)
    absence_id = decode_id(ABSENCE, absent(world, ada, start=tomorrow_at(0), hours=24)["id"])
    assert absence_id
    caller = Caller(world.setup.organization_id, Mode.LIVE, "key_1")
    statements: list[str] = []

    async def list_all(work: UnitOfWork) -> list[int]:
        with work.tx.query_logger(lambda record: statements.append(record.query)):
            listed, _ = await list_affected(work, AbsenceOwner(), absence_id, limit=50, offset=0)
            await asyncio.sleep(0)  # they are noted one turn of the loop later
        return [len(one.alternatives) for one in listed]

    counts = []
    for hours in ((9,), (10,), range(11, 19)):
        for hour in hours:
            world.book(
                None,
                tomorrow_at(hour),
                event_type_id=event_type["id"],
                schedule_id=ada["id"],
                override=True,
            )
        statements.clear()
        assert set(await read(context, caller, list_all)) == {2}
        counts.append(len(statements))
    # The first is also asked what types there are.
    assert counts[1] == counts[2]
    book_with(world, grace, event_type, tomorrow_at(9))
    assert await read(context, caller, list_all) == [1, *[2] * 9]
