"""Whoever changes a calendar draws another mark for it, and nobody waits for that."""

import asyncio
import re
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import pytest
from tests.store.migrations import migrate_to
from tests.store.pg15 import Postgres15, pg15
from tests.store.plans import filled_database

from kalends.domain.ids import new_id
from kalends.store.availability.calendars import CalendarDetail, Reading, read_statement
from kalends.store.database import ConnectParameters
from kalends.store.migrate import migrate
from kalends.store.table_kinds import KINDS

__all__ = ["pg15"]

ORGANIZATION = UUID(int=1)
MARK = "SELECT bit_xor(mark) FROM calendar_marks WHERE organization_id = $1 AND schedule_id = $2"
LANES = "SELECT count(*) FROM calendar_marks WHERE organization_id = $1 AND schedule_id = $2"
SCHEDULE = """
INSERT INTO schedules (organization_id, id, name, timezone, created_at, updated_at)
VALUES ($1, $2, 'Room', 'UTC', now(), now())
"""
# As a server of the release before writes it, which knows of no marks.
CLAIM = """
INSERT INTO occupancies (organization_id, schedule_id, claim_id, hold_id, starts_at, during,
    expires_at)
SELECT $1, $2, $3, $3, now(), tstzrange(now(), now() + interval '1 hour') , now() + interval '5 min'
"""
BUSY = """
INSERT INTO busy_times (organization_id, id, schedule_id, start_time, end_time, created_at)
VALUES ($1, $3, $2, now(), now() + interval '1 hour', now())
"""
# $1 is the organization, $2 the schedule, and $3 an id.
CHANGES = {
    "claimed": CLAIM,
    "held longer": "UPDATE occupancies SET expires_at = now() + interval '1 day'"
    " WHERE organization_id = $1 AND schedule_id = $2 AND $3::uuid IS NOT NULL",
    "moved away": "UPDATE occupancies SET schedule_id = $3"
    " WHERE organization_id = $1 AND schedule_id = $2",
    "released": "DELETE FROM occupancies"
    " WHERE organization_id = $1 AND schedule_id = $2 AND $3::uuid IS NOT NULL",
    "busy": BUSY,
    "busy for longer": "UPDATE busy_times SET end_time = now() + interval '1 day'"
    " WHERE organization_id = $1 AND schedule_id = $2 AND $3::uuid IS NOT NULL",
    "not busy": "DELETE FROM busy_times"
    " WHERE organization_id = $1 AND schedule_id = $2 AND $3::uuid IS NOT NULL",
    "opened": "UPDATE schedules SET is_active = true"
    " WHERE organization_id = $1 AND id = $2 AND $3::uuid IS NOT NULL",
}
MARKED = """
SELECT event_object_table, event_manipulation FROM information_schema.triggers
WHERE trigger_name LIKE '%\\_marked\\_by\\_%'
"""
WRITERS = 8

pytestmark = pytest.mark.server


async def nothing(db: asyncpg.Connection) -> None:
    pass


@pytest.fixture(scope="module", params=["embedded", "postgresql-15"])
def url(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    if request.param == "embedded":
        with filled_database(tmp_path_factory.mktemp("marks") / "data", nothing) as url:
            yield url
    else:
        old: Postgres15 = request.getfixturevalue("pg15")
        url = old.new_database()
        asyncio.run(migrate(ConnectParameters(dsn=url)))
        yield url


@asynccontextmanager
async def connected(url: str) -> AsyncIterator[asyncpg.Connection]:
    db = await asyncpg.connect(url)
    try:
        await db.execute(
            "INSERT INTO organizations (id, name, slug, timezone, mode, created_at, updated_at)"
            f" VALUES ('{ORGANIZATION}', 'Org', 'org', 'UTC', 'live', now(), now())"
            " ON CONFLICT DO NOTHING"
        )
        yield db
    finally:
        await db.close()


async def new_schedule(db: asyncpg.Connection) -> UUID:
    await db.execute(SCHEDULE, ORGANIZATION, made := new_id())
    return made


async def mark_of(db: asyncpg.Connection, schedule: UUID) -> Any:
    return await db.fetchval(MARK, ORGANIZATION, schedule)


@pytest.mark.parametrize("change", CHANGES)
def test_each_change_of_a_calendar_draws_another_mark(url: str, change: str) -> None:
    async def marks() -> list[Any]:
        async with connected(url) as db:
            schedule = await new_schedule(db)
            for made in (CLAIM, BUSY) if change not in ("claimed", "busy") else ():
                await db.execute(made, ORGANIZATION, schedule, uuid4())
            before = await mark_of(db, schedule)
            await db.execute(CHANGES[change], ORGANIZATION, schedule, uuid4())
            return [before, await mark_of(db, schedule)]

    before, after = asyncio.run(marks())
    assert None not in (before, after)
    assert before != after


def test_all_that_a_calendar_is_read_from_draws_marks(url: str) -> None:
    async def marked() -> dict[str, set[str]]:
        async with connected(url) as db:
            changes: dict[str, set[str]] = {}
            for table, change in await db.fetch(MARKED):
                changes.setdefault(table, set()).add(change)
            return changes

    reading = Reading(CalendarDetail.NONE, is_of_one=True, excludes=False, is_to_book=False)
    tables = set(re.findall(r"FROM (\w+)", read_statement(reading))) & set(KINDS)
    found = asyncio.run(marked())
    assert set(found) == tables - {"calendar_marks"}
    # Schedules are deleted softly.
    assert {table for table, changes in found.items() if "DELETE" not in changes} == {"schedules"}
    assert all({"INSERT", "UPDATE"} <= changes for changes in found.values())


def test_a_claim_that_moves_marks_where_it_comes_to(url: str) -> None:
    async def marks() -> list[Any]:
        async with connected(url) as db:
            one, other = await new_schedule(db), await new_schedule(db)
            await db.execute(CLAIM, ORGANIZATION, one, uuid4())
            before = await mark_of(db, other)
            await db.execute(CHANGES["moved away"], ORGANIZATION, one, other)
            return [before, await mark_of(db, other)]

    before, after = asyncio.run(marks())
    assert before != after


def test_what_changes_nothing_here_leaves_the_mark(url: str) -> None:
    async def marks() -> set[Any]:
        async with connected(url) as db:
            schedule = await new_schedule(db)
            seen = [await mark_of(db, schedule)]
            await db.execute(CLAIM, ORGANIZATION, await new_schedule(db), uuid4())
            seen.append(await mark_of(db, schedule))
            transaction = db.transaction()
            await transaction.start()
            await db.execute(CLAIM, ORGANIZATION, schedule, uuid4())
            await transaction.rollback()
            return {*seen, await mark_of(db, schedule)}

    assert len(asyncio.run(marks())) == 1


def test_writers_of_the_same_schedules_never_wait(url: str) -> None:
    """Each is in its transaction with all the schedules when the others come to them, every second
    one in the opposite order."""

    async def lanes() -> set[int]:
        async with connected(url) as db, AsyncExitStack() as stack:
            schedules = [await new_schedule(db) for _ in range(4)]
            writers = []
            for number in range(WRITERS):
                writer = await asyncpg.connect(url, server_settings={"lock_timeout": "1"})
                stack.push_async_callback(writer.close)
                await writer.execute("BEGIN")
                writers.append((writer, schedules[:: -1 if number % 2 else 1]))
            for place in range(len(schedules)):
                for writer, order in writers:
                    await writer.execute(BUSY, ORGANIZATION, order[place], uuid4())
            before = [await mark_of(db, schedule) for schedule in schedules]
            for number, (writer, _) in enumerate(writers):
                await writer.execute("COMMIT")
                marks = [await mark_of(db, schedule) for schedule in schedules]
                assert not set(marks) & set(before), number
                before = marks
            # Whoever comes later draws one of those that are there.
            await db.execute(BUSY, ORGANIZATION, schedules[0], uuid4())
            return {await db.fetchval(LANES, ORGANIZATION, each) for each in schedules}

    # The first lane is the schedule's own; it and those of seven more are enough.
    assert asyncio.run(lanes()) == {WRITERS}


def test_schedules_of_before_get_marks_beside_a_server_of_before(
    pg15: Postgres15,
) -> None:
    async def marks() -> list[Any]:
        url = pg15.new_database()
        parameters = ConnectParameters(dsn=url)
        await migrate_to(parameters, "0051")
        async with connected(url) as db:
            schedule = await new_schedule(db)
            await db.execute(CLAIM, ORGANIZATION, schedule, uuid4())
            # A migration waits for who is writing, and the server of before goes on.
            async with db.transaction():
                await db.execute(BUSY, ORGANIZATION, schedule, uuid4())
                migrating = asyncio.create_task(migrate(parameters))
                await asyncio.wait([migrating], timeout=0.3)
                assert not migrating.done()
            await migrating
            before = await mark_of(db, schedule)
            await db.execute(CHANGES["released"], ORGANIZATION, schedule, uuid4())
            return [before, await mark_of(db, schedule)]

    before, after = asyncio.run(marks())
    assert None not in (before, after)
    assert before != after
