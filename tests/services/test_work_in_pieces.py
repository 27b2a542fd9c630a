"""Charts, feeds and files are made in pieces of a bounded size, between which others get a turn."""

import asyncio
import gc
import gzip
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from starlette.types import Message

from kalends.application import application
from kalends.compose import Installation
from kalends.domain.access import Mode, Organization
from kalends.domain.ids import new_id
from kalends.domain.schedule import BusyTime, Schedule
from kalends.formats.icalendar.feeds import Feed, pieces_of_feed
from kalends.formats.icalendar.invitations import ENTRIES_A_PIECE
from kalends.formats.sheets import SHEET_ROWS_A_PIECE, pieces_of_sheet
from kalends.runtime.cooperative import cooperatively
from kalends.runtime.unit_of_work import Context
from kalends.services import feeds
from kalends.services.feeds import ReadFeed, read_feed
from kalends.services.statistics import open_seconds_in_pieces
from kalends.store.bookings.feeds import FEED_ROWS_A_PIECE as ROWS_READ_A_PIECE
from kalends.store.bookings.feeds import read_bookings_of_feed, read_busy_times_of_feed
from kalends.store.database import TenantConnection
from kalends.web.http.answers import page, page_in_pieces
from kalends.web.pages.answers import PageAnswer, send_page
from kalends.web.pages.templating import WRITTEN_A_PIECE, pieces_of_page
from tests.turns import LoopTurns
from tests.world import World

BEGIN = datetime(2026, 12, 7, tzinfo=UTC)
A_WEEK = timedelta(days=7)
WEEKS = 12
BOUNDS = [BEGIN + n * A_WEEK for n in range(WEEKS + 1)]
SCHEDULE = Schedule(id=new_id(), name="Room", created_at=BEGIN, updated_at=BEGIN, version=1)
ORGANIZATION = Organization(
    id=new_id(),
    name="Practice",
    slug="practice",
    timezone="UTC",
    notify_email=None,
    mode=Mode.LIVE,
    twin_id=None,
    created_at=BEGIN,
    updated_at=BEGIN,
)


def feed_of(count: int) -> Feed:
    busy = [
        BusyTime(
            id=new_id(),
            schedule_id=SCHEDULE.id,
            start_time=BEGIN + timedelta(minutes=n),
            end_time=BEGIN + timedelta(minutes=n + 1),
            reason=None,
            created_at=BEGIN,
        )
        for n in range(count)
    ]
    return Feed(
        organization=ORGANIZATION,
        schedule=SCHEDULE,
        bookings=[],
        busy_times=busy,
        event_types={},
        sender="kalends@example.com",
    )


async def test_others_get_a_turn_after_each_piece() -> None:
    async with LoopTurns() as turns:
        assert [n async for n in cooperatively(range(10))] == list(range(10))
        assert turns.count == 10


async def test_a_piece_is_made_on_demand() -> None:
    pieces = iter(range(3))
    async for _ in cooperatively(pieces):
        break
    assert next(pieces) == 1


@pytest.mark.parametrize(("rows", "pieces"), [(0, 0), (1, 1), (100, 1), (101, 2), (1234, 13)])
def test_a_piece_of_a_file_has_a_bounded_number_of_rows(rows: int, pieces: int) -> None:
    written = list(pieces_of_sheet([str(n), "x"] for n in range(rows)))
    assert len(written) == pieces
    assert max((piece.count(b"\r\n") for piece in written), default=0) <= SHEET_ROWS_A_PIECE
    assert b"".join(written).decode() == "".join(f"{n},x\r\n" for n in range(rows))


def test_a_piece_of_the_insights_counts_one_schedule() -> None:
    counted = list(open_seconds_in_pieces([SCHEDULE] * 20, BOUNDS))
    assert counted == [(SCHEDULE.id, [A_WEEK.total_seconds()] * WEEKS)] * 20


@pytest.mark.parametrize(("entries", "pieces"), [(0, 2), (1, 3), (100, 3), (101, 4), (1234, 15)])
def test_a_piece_of_a_feed_has_a_bounded_number_of_entries(entries: int, pieces: int) -> None:
    written = list(pieces_of_feed(feed_of(entries)))
    counts = [piece.count(b"BEGIN:VEVENT") for piece in written]
    assert (len(written), sum(counts)) == (pieces, entries)
    assert max(counts) <= ENTRIES_A_PIECE


async def test_others_get_a_turn_between_the_pieces_of_a_feed() -> None:
    feed = feed_of(1234)
    async with LoopTurns() as turns:
        whole = await ReadFeed(feed, "tag", BEGIN).as_ics()
        assert turns.count == 15
    assert whole == b"".join(pieces_of_feed(feed))


async def test_the_tag_of_a_feed_is_made_in_pieces() -> None:
    async with LoopTurns() as turns:
        await feeds.tag_of(feed_of(5_000))
        assert turns.count == 1 + 5_000 // feeds.LINES_A_PIECE


async def test_the_rows_of_a_feed_are_read_in_pieces(context: Context, world: World) -> None:
    schedule_id, token = await filled_schedule(context, world)
    now = context.clock()
    span = now, now + timedelta(days=10)
    async with context.database.transaction() as tx:
        place = TenantConnection(world.setup.organization_id, tx), schedule_id, span
        booked = [len(piece) async for piece in read_bookings_of_feed(*place)]
        busy = [len(piece) async for piece in read_busy_times_of_feed(*place)]
    assert booked == [ROWS_READ_A_PIECE, ROWS_READ_A_PIECE, 100]
    assert busy == [ROWS_READ_A_PIECE, ROWS_READ_A_PIECE, 100]
    read = await read_feed(context, token)
    assert len(read.feed.bookings) == len(read.feed.busy_times) == 2 * ROWS_READ_A_PIECE + 100
    starts = [line for line in (await read.as_ics()).splitlines() if line.startswith(b"DTSTART")]
    assert starts == sorted(starts)


async def test_metadata_is_not_read_for_a_feed(context: Context, world: World) -> None:
    _, token = await filled_schedule(context, world)
    read = await read_feed(context, token)
    assert {bytes(booking.metadata) for booking in read.feed.bookings} == {b"{}"}


async def test_a_page_is_written_in_pieces_of_a_bounded_size() -> None:
    written = list(pieces_of_page(["a"] * 1234))
    assert [len(piece) for piece in written] == [WRITTEN_A_PIECE, WRITTEN_A_PIECE, 234]


async def test_others_get_a_turn_after_each_thing_of_a_page() -> None:
    things = [{"n": n} for n in range(20)]
    async with LoopTurns() as turns:
        answer = await page_in_pieces(things, 50, 20, 10, dict)
        assert turns.count == 20
    assert answer == page(things, 50, 20, 10, dict)


async def test_what_is_large_is_zipped_beside_the_loop() -> None:
    sent: list[Message] = []

    async def send(message: Message) -> None:
        sent.append(message)

    body = b"".join(b"%d," % n for n in range(100_000))
    async with LoopTurns() as turns:
        await send_page(send, "GET", PageAnswer(body), (), takes_gzip=True)
        assert turns.count > 1
    assert gzip.decompress(sent[1]["body"]) == body


async def test_garbage_collection_ignores_what_a_server_starts_with(home: Installation) -> None:
    requests: asyncio.Queue[Message] = asyncio.Queue()
    answered: asyncio.Queue[Message] = asyncio.Queue()
    app = application(home)
    serving: asyncio.Task[None] = asyncio.create_task(
        app({"type": "lifespan", "state": {}}, requests.get, answered.put)  # type: ignore[arg-type]
    )
    gc.unfreeze()
    try:
        await requests.put({"type": "lifespan.startup"})
        assert (await answered.get())["type"] == "lifespan.startup.complete"
        assert gc.get_freeze_count() > 100_000
    finally:
        gc.unfreeze()
        await requests.put({"type": "lifespan.shutdown"})
        await serving


async def filled_schedule(context: Context, world: World) -> tuple[UUID, str]:
    """A schedule with 600 bookings and 600 busy times of a minute each, and its feed."""
    schedule = world.create_schedule()
    booking = world.book(schedule, metadata={"large": "x" * 1000})
    made = world.api.post(f"/api/v1/schedules/{schedule['id']}/feed").json()["data"]
    columns = "organization_id, schedule_id, schedule_ids, status, timezone, wall_clock, metadata"
    rest = "attendee_name, attendee_email, source, created_at, updated_at"
    minutes = "(n + 1) * interval '1 minute'"
    async with context.database.transaction() as tx:
        schedule_id = await tx.fetchval(
            "SELECT schedule_id FROM bookings WHERE organization_id = $1",
            world.setup.organization_id,
        )
        await tx.execute(
            f"INSERT INTO bookings (id, start_time, end_time, {columns}, {rest})"
            f" SELECT gen_random_uuid(), start_time + {minutes}, end_time + {minutes},"
            f" {columns}, {rest} FROM bookings, generate_series(1, 599) n"
            f" WHERE organization_id = $1",
            world.setup.organization_id,
        )
        await tx.execute(
            "INSERT INTO busy_times (organization_id, id, schedule_id, start_time, end_time,"
            " created_at) SELECT b.organization_id, gen_random_uuid(), schedule_id,"
            f" start_time + {minutes}, start_time + {minutes} + interval '1 minute', now()"
            " FROM bookings b, generate_series(1, 600) n WHERE organization_id = $1"
            " AND version = 1 AND b.id = (SELECT id FROM bookings WHERE organization_id = $1"
            " ORDER BY start_time LIMIT 1)",
            world.setup.organization_id,
        )
    assert booking["metadata"]
    return schedule_id, made["url"].rpartition("/")[2].removesuffix(".ics")
