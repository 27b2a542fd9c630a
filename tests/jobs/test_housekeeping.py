"""Housekeeping: what is too old goes, what is younger stays, and nobody waits for it."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from kalends.domain.access import hash_of
from kalends.domain.ids import new_id
from kalends.jobs.registry import TIMETABLE
from kalends.runtime.unit_of_work import Context
from kalends.services import housekeeping
from kalends.store import housekeeping as store
from kalends.store.jobs import enqueue_job

SECOND = timedelta(seconds=1)
NOW = datetime.now(UTC)
A_DAY_AGO = NOW - timedelta(days=1)
# Tables of what users have for a time: what forgets it, and how a row that expires is inserted.
EXPIRING = {
    "sessions": (
        housekeeping.forget_sign_in_sessions,
        "INSERT INTO sessions VALUES (sha256(uuid_send(gen_random_uuid())), $1,"
        " now() - interval '1 day', $2)",
    ),
    "account_links": (
        housekeeping.forget_account_links,
        "INSERT INTO account_links (token_hash, user_id, purpose, created_at, expires_at)"
        " VALUES (sha256(uuid_send(gen_random_uuid())), $1, 'password-reset',"
        " now() - interval '1 day', $2)",
    ),
    "unsent_forms": (
        housekeeping.forget_unsent_forms,
        "INSERT INTO unsent_forms VALUES ($1, gen_random_uuid(), '/console', 'sealed', $2)",
    ),
}


@pytest.fixture(autouse=True, scope="module")
def _clock() -> None:
    """This file is read minutes before its tests run, and what is young then is old by now."""
    global NOW, A_DAY_AGO
    NOW = datetime.now(UTC)
    A_DAY_AGO = NOW - timedelta(days=1)


async def test_idempotency_keys_of_a_day_ago_are_forgotten_and_nothing_younger(
    context: Context,
) -> None:
    tenant = await make_tenant(context)
    await keep_answer(context, tenant, "old", A_DAY_AGO - SECOND)
    await keep_answer(context, tenant, "young", A_DAY_AGO + timedelta(minutes=5))

    await housekeeping.forget_answers(context)

    assert await keys_of(context, tenant) == ["young"]


async def test_much_is_forgotten_in_small_batches(
    context: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(store, "ROWS_A_BATCH", 10)
    tenant = await make_tenant(context)
    for number in range(25):
        await keep_answer(context, tenant, f"old {number}", A_DAY_AGO - SECOND)

    assert await housekeeping.forget_answers(context) >= 25
    assert await keys_of(context, tenant) == []


async def test_consents_are_forgotten_an_hour_after_their_end(context: Context) -> None:
    tenant = await make_tenant(context)
    for minutes in (61, 59):
        async with context.database.connection() as tx:
            await tx.execute(
                "INSERT INTO calendar_consents (organization_id, id, provider, actor, token_hash,"
                " created_at, expires_at) VALUES ($1, $2, 'google', 'key', $3, $4, $4)",
                tenant,
                new_id(),
                f"{minutes}".encode(),
                NOW - timedelta(minutes=minutes),
            )

    await housekeeping.forget_consents(context)

    async with context.database.connection() as tx:
        query = "SELECT token_hash FROM calendar_consents WHERE organization_id = $1"
        assert [row[0] for row in await tx.fetch(query, tenant)] == [b"59"]


async def test_resolved_findings_are_forgotten_after_three_months(context: Context) -> None:
    tenant = await make_tenant(context)
    async with context.database.transaction() as tx:
        await tx.execute("SET LOCAL session_replication_role = replica")  # without a calendar
        for kind, days in (("moved", 91), ("deleted", 89), ("overlap", None)):
            resolved_at = None if days is None else NOW - timedelta(days=days)
            await tx.execute(
                "INSERT INTO calendar_findings (organization_id, id, kind, schedule_id,"
                " calendar_id, subject_id, seen_at, resolved_at)"
                " VALUES ($1, $2, $3, $2, $2, $2, $4, $5)",
                tenant,
                new_id(),
                kind,
                NOW - timedelta(days=200),
                resolved_at,
            )

    assert await housekeeping.forget_findings(context) >= 1

    query = "SELECT kind FROM calendar_findings WHERE organization_id = $1 ORDER BY kind"
    assert await fetch(context, query, [tenant]) == ["deleted", "overlap"]


async def test_what_someone_has_locked_is_left_for_the_next_time(context: Context) -> None:
    tenant = await make_tenant(context)
    await keep_answer(context, tenant, "locked", A_DAY_AGO - SECOND)
    async with context.database.transaction() as tx:
        await tx.execute(
            "SELECT FROM idempotency_keys WHERE organization_id = $1 FOR UPDATE", tenant
        )
        await asyncio.wait_for(housekeeping.forget_answers(context), 1)

    assert await keys_of(context, tenant) == ["locked"]
    await housekeeping.forget_answers(context)
    assert await keys_of(context, tenant) == []


async def test_ended_holds_give_back_their_time_but_those_of_a_sandbox_stay(
    context: Context,
) -> None:
    """A sandbox's hold ends by the time that its requests give."""
    tenant, sandbox = await make_tenant(context), await make_tenant(context, "test")
    ended, lives = NOW - SECOND, NOW + timedelta(minutes=5)
    for organization_id, expires_at in ((tenant, ended), (tenant, lives), (sandbox, ended)):
        await hold(context, organization_id, expires_at)
    await hold(context, tenant, expires_at=None)

    await housekeeping.end_holds(context)

    assert await holds_of(context, tenant) == [lives, None]
    assert await holds_of(context, sandbox) == [ended]


@pytest.mark.parametrize("table", EXPIRING)
async def test_what_a_user_has_is_forgotten_when_it_has_expired(
    context: Context, table: str
) -> None:
    forget, insert = EXPIRING[table]
    user_id = await make_user(context)
    for expires_at in (NOW - SECOND, NOW + timedelta(minutes=5)):
        await execute(context, insert, [user_id, expires_at])

    await forget(context)

    query = f"SELECT expires_at FROM {table} WHERE user_id = $1"
    assert await fetch(context, query, [user_id]) == [NOW + timedelta(minutes=5)]


async def test_rate_windows_that_are_over_are_forgotten(context: Context) -> None:
    subject, minute = f"test {new_id()}", int(datetime.now(UTC).timestamp()) // 60 * 60
    for window_start in (minute - 600, minute):
        await execute(
            context, "INSERT INTO rate_windows VALUES ($1, $2, 1)", [subject, window_start]
        )

    await housekeeping.forget_rate_windows(context)

    query = "SELECT window_start FROM rate_windows WHERE subject = $1"
    assert await fetch(context, query, [subject]) == [minute]


async def test_the_log_of_jobs_is_forgotten_but_why_a_kept_job_failed(context: Context) -> None:
    long_ago = NOW - timedelta(days=8)
    async with context.database.transaction() as tx:
        await enqueue_job(tx, "test.failed", b"")
    [kept] = await fetch(
        context,
        "UPDATE pgqueuer SET status = 'failed' WHERE entrypoint = 'test.failed' RETURNING id",
    )
    entries = ((kept, "picked", long_ago), (kept, "failed", long_ago), (-1, "failed", long_ago))
    for job_id, status, created in (*entries, (-1, "successful", NOW)):
        await execute(
            context,
            "INSERT INTO pgqueuer_log (job_id, status, created, priority, entrypoint) "
            "VALUES ($1, $2::text::pgqueuer_status, $3, 0, 'test.failed')",
            [job_id, status, created],
        )

    await housekeeping.forget_job_log(context)

    query = "DELETE FROM pgqueuer_log WHERE entrypoint = 'test.failed' RETURNING job_id"
    assert sorted(await fetch(context, query)) == [-1, kept]
    await execute(context, "DELETE FROM pgqueuer WHERE id = $1", [kept])


@pytest.mark.parametrize("channel", ["webhook", "mail"])
async def test_deliveries_of_a_month_ago_are_forgotten_but_not_those_that_wait(
    context: Context, channel: str
) -> None:
    tenant, long_ago = await make_tenant(context), NOW - timedelta(days=30, seconds=1)
    for state in ("delivered", "exhausted", "dropped", "pending"):
        await deliver(context, tenant, state, long_ago, channel=channel)
    await deliver(context, tenant, "delivered", long_ago + timedelta(minutes=5), channel=channel)

    await housekeeping.forget_deliveries(context)

    query = "SELECT state FROM deliveries WHERE organization_id = $1 ORDER BY created_at"
    assert await fetch(context, query, [tenant]) == ["pending", "delivered"]


async def test_what_waits_for_a_deleted_endpoint_is_forgotten_at_once(context: Context) -> None:
    tenant = await make_tenant(context)
    for deleted_at in (None, NOW - SECOND):
        endpoint_id = await make_endpoint(context, tenant, deleted_at)
        await deliver(context, tenant, "pending", NOW, endpoint_id)
        await deliver(context, tenant, "delivered", NOW, endpoint_id)
        await make_lane(context, tenant, waiting=1, due_at=NOW, endpoint_id=endpoint_id)

    await housekeeping.forget_unwanted_deliveries(context)

    states = """
        SELECT d.state FROM deliveries d JOIN webhook_endpoints w ON w.id = d.endpoint_id
        WHERE d.organization_id = $1 AND (w.deleted_at IS NOT NULL) = $2 ORDER BY d.state
    """
    assert await fetch(context, states, [tenant, True]) == ["delivered"]
    assert await fetch(context, states, [tenant, False]) == ["delivered", "pending"]
    lanes = "SELECT count(*) FROM webhook_lanes WHERE organization_id = $1"
    assert await fetch(context, lanes, [tenant]) == [1]


async def test_empty_lanes_are_forgotten_when_they_have_been_empty_for_a_while(
    context: Context,
) -> None:
    tenant = await make_tenant(context)
    await make_lane(context, tenant, waiting=0, due_at=NOW - timedelta(minutes=6))
    await make_lane(context, tenant, waiting=0, due_at=NOW)
    await make_lane(context, tenant, waiting=1, due_at=NOW - timedelta(minutes=6))

    await housekeeping.forget_empty_lanes(context)

    query = "SELECT waiting FROM webhook_lanes WHERE organization_id = $1 ORDER BY waiting"
    assert await fetch(context, query, [tenant]) == [0, 1]


async def test_texts_of_mails_are_deleted_after_three_months_their_rows_stay(
    context: Context,
) -> None:
    tenant, long_ago = await make_tenant(context), NOW - timedelta(days=90)
    for created_at in (long_ago - SECOND, long_ago + timedelta(minutes=5)):
        await execute(
            context,
            "INSERT INTO mails (organization_id, id, kind, audience, recipient, state, message, "
            "created_at) VALUES ($1, $2, 'reset', 'user', 'a@b.test', 'sent', 'sealed', $3)",
            [tenant, new_id(), created_at],
        )

    await housekeeping.forget_messages(context)

    query = "SELECT message FROM mails WHERE organization_id = $1 ORDER BY created_at"
    assert await fetch(context, query, [tenant]) == [None, b"sealed"]


async def test_links_are_forgotten_a_month_after_the_end_of_their_booking(context: Context) -> None:
    tenant, month = await make_tenant(context), timedelta(days=30)
    over = await book(context, tenant, NOW - month - SECOND)
    just_over = await book(context, tenant, NOW - month + timedelta(minutes=5))
    for booking_id in (over, just_over, new_id()):
        await execute(
            context,
            "INSERT INTO booking_links VALUES ($1, $2, $3, $4)",
            [hash_of(str(new_id())), tenant, booking_id, NOW - 2 * month],
        )

    await housekeeping.forget_booking_links(context)

    query = "SELECT booking_id FROM booking_links WHERE organization_id = $1"
    assert await fetch(context, query, [tenant]) == [just_over]


async def test_every_line_of_the_timetable_leaves_nothing_for_a_second_time(
    context: Context,
) -> None:
    now = context.clock()
    at_once = replace(context, clock=lambda: now)
    for timed in TIMETABLE.values():
        await timed.run(at_once)
    again = {name: await timed.run(at_once) for name, timed in TIMETABLE.items()}
    assert again == dict.fromkeys(TIMETABLE, 0)


async def make_user(context: Context) -> UUID:
    user_id = new_id()
    await execute(
        context,
        "INSERT INTO users (id, email, created_at) VALUES ($1, $2, $3)",
        [user_id, f"{user_id}@example.test", NOW],
    )
    return user_id


async def make_tenant(context: Context, mode: str = "live") -> UUID:
    tenant = new_id()
    await execute(
        context,
        "INSERT INTO organizations (id, name, slug, timezone, mode, created_at, updated_at) "
        "VALUES ($1, $2, $2, 'UTC', $3, $4, $4)",
        [tenant, str(tenant), mode, NOW],
    )
    return tenant


async def keep_answer(context: Context, tenant: UUID, key: str, created_at: datetime) -> None:
    await execute(
        context,
        "INSERT INTO idempotency_keys VALUES ($1, $1, 'POST /', $2, '', 201, '{}', '', $3)",
        [tenant, key, created_at],
    )


async def keys_of(context: Context, tenant: UUID) -> list[str]:
    query = "SELECT key FROM idempotency_keys WHERE organization_id = $1 ORDER BY key"
    return await fetch(context, query, [tenant])


async def hold(context: Context, tenant: UUID, expires_at: datetime | None) -> None:
    """A hold on a schedule of its own, or a booking's occupancy where it does not end."""
    kind = "booking_id" if expires_at is None else "hold_id"
    await execute(
        context,
        f"INSERT INTO occupancies (organization_id, schedule_id, claim_id, {kind}, starts_at, "
        "during, expires_at) VALUES ($1, $2, $2, $2, $3, tstzrange($3, $4), $5)",
        [tenant, new_id(), NOW, NOW + timedelta(hours=1), expires_at],
    )


async def holds_of(context: Context, tenant: UUID) -> list[datetime | None]:
    query = "SELECT expires_at FROM occupancies WHERE organization_id = $1 ORDER BY expires_at"
    return await fetch(context, query, [tenant])


async def make_endpoint(context: Context, tenant: UUID, deleted_at: datetime | None) -> UUID:
    endpoint_id = new_id()
    await execute(
        context,
        "INSERT INTO webhook_endpoints (organization_id, id, url, events, enabled, secret, "
        "created_at, updated_at, deleted_at) VALUES ($1, $2, '', '{}', true, '', $3, $3, $4)",
        [tenant, endpoint_id, NOW, deleted_at],
    )
    return endpoint_id


async def deliver(
    context: Context,
    tenant: UUID,
    state: str,
    created_at: datetime,
    endpoint_id: UUID | None = None,
    channel: str = "webhook",
) -> None:
    await execute(
        context,
        "INSERT INTO deliveries (organization_id, id, endpoint_id, event_id, type, lane_id, "
        "number, state, created_at, channel) "
        "VALUES ($1, $2, $3, $2, 'booking.created', $2, 1, $4, $5, $6)",
        [tenant, new_id(), endpoint_id or new_id(), state, created_at, channel],
    )


async def make_lane(
    context: Context, tenant: UUID, waiting: int, due_at: datetime, endpoint_id: UUID | None = None
) -> None:
    await execute(
        context,
        "INSERT INTO webhook_lanes VALUES ($1, $2, $3, $4, $5)",
        [tenant, endpoint_id or new_id(), new_id(), waiting, due_at],
    )


async def book(context: Context, tenant: UUID, end_time: datetime) -> UUID:
    """A booking of one hour on a schedule of its own."""
    booking_id = new_id()
    await execute(
        context,
        "INSERT INTO schedules (organization_id, id, name, timezone, created_at, updated_at) "
        "VALUES ($1, $2, '', 'UTC', $3, $3)",
        [tenant, booking_id, NOW],
    )
    await execute(
        context,
        "INSERT INTO bookings (organization_id, id, schedule_id, schedule_ids, status, "
        "start_time, end_time, timezone, wall_clock, attendee_name, attendee_email, source, "
        "created_at, updated_at) VALUES ($1, $2, $2, ARRAY[$2::uuid], 'CONFIRMED', "
        "$3::timestamptz - interval '1 hour', $3, 'UTC', '', '', '', 'api', $4, $4)",
        [tenant, booking_id, end_time, NOW],
    )
    return booking_id


async def execute(context: Context, query: str, arguments: Sequence[Any] = ()) -> None:
    async with context.database.connection() as tx:
        await tx.execute(query, *arguments)


async def fetch(context: Context, query: str, arguments: Sequence[Any] = ()) -> list[Any]:
    async with context.database.connection() as tx:
        return [row[0] for row in await tx.fetch(query, *arguments)]
