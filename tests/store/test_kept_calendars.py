"""What a process has read of a calendar is what it would read now."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar
from uuid import UUID, uuid4

import asyncpg
import pytest
from msgspec import Raw
from tests.store.plans import filled_database

from kalends.domain.ids import new_id
from kalends.store.availability.calendars import CalendarDetail, StoredCalendar, load_calendars
from kalends.store.availability.kept_calendars import (
    MARK,
    MARKS,
    KeptCalendars,
    look_at_calendars,
)
from kalends.store.availability.packed import INSTANT_BYTES
from kalends.store.database import ConnectParameters, Database, TenantConnection

T = TypeVar("T")

ORGANIZATION = UUID(int=1)
NOON = datetime(2031, 5, 1, 12, tzinfo=UTC)
SPAN = NOON - timedelta(days=1), NOON + timedelta(days=1)
SCHEDULE = """
INSERT INTO schedules (organization_id, id, name, timezone, created_at, updated_at)
VALUES ($1, $2, 'Room', 'UTC', now(), now())
"""
CLAIM = """
INSERT INTO occupancies (organization_id, schedule_id, claim_id, booking_id, hold_id, starts_at,
    during, expires_at)
SELECT $1, $2, $3::uuid, CASE WHEN $5::timestamptz IS NULL THEN $3::uuid END,
    CASE WHEN $5 IS NOT NULL THEN $3::uuid END,
    $4::timestamptz, tstzrange($4, $4::timestamptz + interval '30 minutes'), $5
"""
CONNECT = """
WITH connection AS (
    INSERT INTO calendar_connections (organization_id, id, provider, state, created_at, updated_at)
    VALUES ($1, $3, 'test', 'active', now(), now())),
calendar AS (
    INSERT INTO calendars (organization_id, id, connection_id, remote_id, name, access, due_at,
        created_at)
    VALUES ($1, $3, $3, 'one', 'One', 'read', now(), now()))
INSERT INTO schedule_calendars (organization_id, schedule_id, calendar_id, reads, writes,
    tentative_blocks, all_day_blocks, out_of_office_blocks)
VALUES ($1, $2, $3, true, false, true, true, true)
"""
BUSY_ELSEWHERE = """
INSERT INTO calendar_busy (organization_id, calendar_id, key, start_time, end_time)
VALUES ($1, $2, '', $3::timestamptz, $3::timestamptz + interval '30 minutes')
"""
OVERRIDE = "UPDATE schedules SET overrides = $2 WHERE id = $1"
OVERRIDES = b'{"2031-05-01": [], "2031-05-02": []}'
RELEASE = "DELETE FROM occupancies WHERE organization_id = $1 AND schedule_id = $2"
KEPT = "SELECT generic_plans FROM pg_prepared_statements WHERE statement = $1"
# PostgreSQL plans the first five for their arguments, and then looks whether that is any better.
TIMES = 8

pytestmark = pytest.mark.server


async def fill(db: asyncpg.Connection) -> None:
    await db.execute(
        "INSERT INTO organizations (id, name, slug, timezone, mode, created_at, updated_at)"
        f" VALUES ('{ORGANIZATION}', 'Org', 'org', 'UTC', 'live', now(), now())"
    )


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with filled_database(tmp_path_factory.mktemp("kept") / "data", fill) as url:
        yield url


def on(url: str, case: Callable[[asyncpg.Connection], Awaitable[T]]) -> T:
    async def run() -> T:
        db = await asyncpg.connect(url)
        try:
            return await case(db)
        finally:
            await db.close()

    return asyncio.run(run())


async def new_schedule(db: asyncpg.Connection) -> UUID:
    await db.execute(SCHEDULE, ORGANIZATION, made := new_id())
    return made


async def claim(
    db: asyncpg.Connection, schedule: UUID, hours: int, until: datetime | None = None
) -> None:
    await db.execute(CLAIM, ORGANIZATION, schedule, uuid4(), NOON + timedelta(hours=hours), until)


async def look(db: asyncpg.Connection, now: datetime, *schedules: UUID) -> list[StoredCalendar]:
    """What a process knows, which is what the database says in this moment."""
    tenant = TenantConnection(ORGANIZATION, db)
    looked_at = await look_at_calendars(tenant, list(schedules), SPAN, now)
    read = await load_calendars(
        tenant, list(schedules), SPAN, now, (), detail=CalendarDetail.NONE, to_book=False
    )
    assert [(c.schedule, c.taken, c.busy) for c in looked_at] == [
        (c.schedule, c.taken, c.busy) for c in read
    ]
    return looked_at


def are_same(one: list[StoredCalendar], other: list[StoredCalendar]) -> bool:
    return all(a is b for a, b in zip(one, other, strict=True))


def test_an_unchanged_calendar_is_read_once(url: str) -> None:
    async def case(db: asyncpg.Connection) -> list[bool]:
        room, other = await new_schedule(db), await new_schedule(db)
        await claim(db, room, 1)
        first, of_both = await look(db, NOON, room), await look(db, NOON, room, other)
        await claim(db, await new_schedule(db), 2)
        again = await look(db, NOON, room)
        both_again = await look(db, NOON, room, other)
        return [are_same(of_both[:1], again), are_same(of_both, both_again), bool(first)]

    assert on(url, case) == [True, True, True]


def test_a_changed_calendar_is_read_again(url: str) -> None:
    async def case(db: asyncpg.Connection) -> list[int]:
        room, other = await new_schedule(db), await new_schedule(db)
        counts = []
        for hours in range(3):
            counts.append(len((await look(db, NOON, room, other))[0].taken))
            await claim(db, room, hours)
        await db.execute(RELEASE, ORGANIZATION, room)
        return [*counts, len((await look(db, NOON, room))[0].taken)]

    assert on(url, case) == [0, 1, 2, 0]


def test_a_hold_ends_without_a_change(url: str) -> None:
    async def case(db: asyncpg.Connection) -> list[int]:
        room = await new_schedule(db)
        for minutes in (10, 20):
            await claim(db, room, minutes, NOON + timedelta(minutes=minutes))
        await claim(db, room, 1)
        return [
            len((await look(db, NOON + timedelta(minutes=minutes), room))[0].taken)
            # Forth, and back, as the clock of a sandbox goes.
            for minutes in (0, 9, 10, 19, 20, 30, 15, 5, 0, 60)
        ]

    assert on(url, case) == [3, 3, 2, 2, 1, 1, 2, 3, 3, 1]


def test_a_lost_change_is_not_taken_for_the_next_one(url: str) -> None:
    """As where a standby that did not get the last commit goes on: with it the mark is gone, and a
    number that counts changes would come again."""

    async def case(db: asyncpg.Connection) -> list[int]:
        room = await new_schedule(db)
        await claim(db, room, 1)
        counts = [len((await look(db, NOON, room))[0].taken)]
        lost = db.transaction()
        await lost.start()
        await claim(db, room, 2)
        counts.append(len((await look(db, NOON, room))[0].taken))
        await lost.rollback()
        await db.execute(RELEASE, ORGANIZATION, room)
        return [*counts, len((await look(db, NOON, room))[0].taken)]

    assert on(url, case) == [1, 2, 0]


def test_a_calendar_without_a_mark_is_not_kept(url: str) -> None:
    async def case(db: asyncpg.Connection) -> bool:
        room = await new_schedule(db)
        await db.execute("DELETE FROM calendar_marks WHERE schedule_id = $1", room)
        return are_same(await look(db, NOON, room), await look(db, NOON, room))

    assert on(url, case) is False


def test_what_is_busy_elsewhere_is_read_each_time(url: str) -> None:
    """It changes without a mark."""

    async def case(db: asyncpg.Connection) -> list[int]:
        room, calendar = await new_schedule(db), new_id()
        await db.execute("UPDATE schedules SET reads_calendars = true WHERE id = $1", room)
        await db.execute(CONNECT, ORGANIZATION, room, calendar)
        counts = []
        for hours in range(3):
            looked_at = (await look(db, NOON, room))[0]
            assert looked_at.mark is None
            counts.append(len(looked_at.busy))
            begins = NOON + timedelta(hours=hours)
            await db.execute(BUSY_ELSEWHERE, ORGANIZATION, calendar, begins)
        return counts

    assert on(url, case) == [0, 1, 2]


@pytest.mark.parametrize("statement", [MARK, MARKS])
def test_marks_are_read_by_a_kept_plan(url: str, statement: str) -> None:
    async def case(db: asyncpg.Connection) -> Any:
        schedules = [await new_schedule(db) for _ in range(20)]
        await db.execute("ANALYZE calendar_marks")
        for _ in range(TIMES):
            await db.fetch(statement, ORGANIZATION, schedules[: 1 if statement is MARK else 20])
        return await db.fetchval(KEPT, statement)

    assert on(url, case) > 0


def test_what_was_asked_for_last_is_kept(url: str) -> None:
    async def case(db: asyncpg.Connection) -> list[bool]:
        rooms = [await new_schedule(db) for _ in range(3)]
        for room in rooms:
            await claim(db, room, 1)
        calendars = [(await look(db, NOON, room))[0] for room in rooms]
        kept = KeptCalendars(most_size=2 * max(calendar.size for calendar in calendars))
        found = []
        kept.keep(ORGANIZATION, SPAN, calendars[:2], NOON)
        kept.find(ORGANIZATION, [rooms[0]], SPAN, NOON)
        kept.keep(ORGANIZATION, SPAN, calendars[2:], NOON)
        kept.keep(ORGANIZATION, SPAN, calendars[2:], NOON)
        for room in rooms:
            found.append(kept.find(ORGANIZATION, [room], SPAN, NOON) is not None)
        return found

    assert on(url, case) == [True, False, True]


def test_what_is_kept_counts_claims_and_overrides(url: str) -> None:
    async def sizes() -> list[int]:
        # JSON comes as it does in a server.
        database = Database(ConnectParameters(dsn=url), 1)
        try:
            async with database.connection() as db:
                room = await new_schedule(db)
                of = [(await look(db, NOON, room))[0].size]
                await claim(db, room, 1)
                of.append((await look(db, NOON, room))[0].size)
                await db.execute(OVERRIDE, room, Raw(OVERRIDES))
                return [*of, (await look(db, NOON, room))[0].size]
        finally:
            await database.close()

    empty, claimed, overridden = asyncio.run(sizes())
    assert claimed - empty == 3 * INSTANT_BYTES
    assert overridden - claimed >= len(OVERRIDES) - len(b"{}")
