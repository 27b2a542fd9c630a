"""Housekeeping: what is too old goes, what is younger stays, and nobody waits for it."""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from kalends.domain.access import hash_of
from kalends.domain.ids import new_id
from kalends.jobs.table import TIMETABLE
from kalends.services import housekeeping
from kalends.services.work import Context
from kalends.store import housekeeping as store
from kalends.store.jobs import enqueue_job

NOW = datetime.now(UTC)
SECOND = timedelta(seconds=1)
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
    monkeypatch.setattr(store, "BATCH", 10)
    tenant = await make_tenant(context)
    for number in range(25):
        await keep_answer(context, tenant, f"old {number}", A_DAY_AGO - SECOND)

    assert await housekeeping.forget_answers(context) >= 25
    assert await keys_of(context, tenant) == []


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


async def test_expired_sessions_are_forgotten(context: Context) -> None:
    user_id = new_id()
    await execute(
        context,
        "INSERT INTO users (id, email, password_hash, created_at) VALUES ($1, $2, '', $3)",
        [user_id, f"{user_id}@example.test", NOW],
    )
    for expires_at in (NOW - SECOND, NOW + timedelta(minutes=5)):
        await execute(
            context,
            "INSERT INTO sessions VALUES ($1, $2, $3, $4)",
            [hash_of(str(new_id())), user_id, A_DAY_AGO, expires_at],
        )

    await housekeeping.forget_sessions(context)

    query = "SELECT expires_at FROM sessions WHERE user_id = $1"
    assert await fetch(context, query, [user_id]) == [NOW + timedelta(minutes=5)]


async def test_rate_windows_that_are_over_are_forgotten(context: Context) -> None:
    subject, minute = f"test {new_id()}", int(NOW.timestamp()) // 60 * 60
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


async def test_every_line_of_the_timetable_works(context: Context) -> None:
    for timed in TIMETABLE.values():
        assert await timed.run(context) >= 0


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


async def execute(context: Context, query: str, arguments: Sequence[Any] = ()) -> None:
    async with context.database.connection() as tx:
        await tx.execute(query, *arguments)


async def fetch(context: Context, query: str, arguments: Sequence[Any] = ()) -> list[Any]:
    async with context.database.connection() as tx:
        return [row[0] for row in await tx.fetch(query, *arguments)]
