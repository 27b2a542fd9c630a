"""Runs of imports as rows, and the leases of the workers that have them."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

import asyncpg
from msgspec import Struct, json

from kalends.domain.imports.rows import RowOutcome
from kalends.domain.imports.runs import ImportRun, RunState, SkippedRow
from kalends.domain.imports.sources import Trouble, Walk
from kalends.store.database import TenantConnection, Tx
from kalends.store.imports.names import RUN_JOB
from kalends.store.rows import as_raw, columns_of, select_from, values_of

OF_ANOTHER_ACCOUNT: Final = "Another account brought it in, and it stays as it is."

COLUMNS: Final = columns_of(ImportRun)
WALKS: Final = json.Decoder(list[Walk])
SKIPS: Final = json.Decoder(list[SkippedRow])

INSERT: Final = """
INSERT INTO calcom_runs (organization_id, id, state, since, until, created_at)
VALUES ($1, $2, 'waiting', $3, $4, $5)
"""
GET: Final = select_from("calcom_runs", ImportRun, "id = $2")
# In the organizations of a signed-in user, as the id of a run does not tell its organization.
FIND: Final = (
    f"SELECT {COLUMNS} FROM calcom_runs WHERE organization_id = ANY($1::uuid[]) AND id = $2"
)
LATEST: Final = f"""
SELECT {COLUMNS} FROM calcom_runs WHERE organization_id = $1 ORDER BY id DESC LIMIT $2
"""
OPEN: Final = """
SELECT EXISTS (SELECT FROM calcom_runs
    WHERE organization_id = $1 AND state IN ('waiting', 'running'))
"""
# The unique index on running runs decides between two that want to begin. A locked run is being
# worked on at this moment, or its holder was stopped in the middle of a transaction.
TAKE: Final = f"""
UPDATE calcom_runs SET state = 'running', holder = $3, lease_until = now() + $4::interval,
    began_at = coalesce(began_at, now())
WHERE organization_id = $1 AND id = (SELECT id FROM calcom_runs
    WHERE organization_id = $1 AND id = $2 AND (state = 'waiting' OR state = 'running'
        AND (lease_until IS NULL OR lease_until < now() OR holder = $3))
    FOR NO KEY UPDATE SKIP LOCKED)
  AND NOT EXISTS (SELECT FROM calcom_runs r
    WHERE r.organization_id = $1 AND r.id <> $2 AND r.state = 'running')
RETURNING {COLUMNS}, extract(epoch FROM now() - silent_since)::float8, failed_tries,
    rate_limits, garbled_answers, extract(epoch FROM now() - began_at)::float8
"""
# Only the holder may change a run: a worker that was suspended, and wakes up when another has the
# run, must change nothing.
HELD: Final = "organization_id = $1 AND id = $2 AND holder = $3 AND state = 'running'"
TROUBLE: Final = """
    silent_since = now() - make_interval(secs => $5::float8), failed_tries = $6, rate_limits = $7,
    garbled_answers = $8
"""
RENEW: Final = f"""
UPDATE calcom_runs SET lease_until = now() + $4::interval, {TROUBLE} WHERE {HELD}
"""
RELEASE: Final = f"""
UPDATE calcom_runs SET holder = NULL, lease_until = now() + $4::interval, {TROUBLE} WHERE {HELD}
"""
HOLD: Final = f"UPDATE calcom_runs SET lease_until = now() + $4::interval WHERE {HELD}"
AT_WORK: Final = "SELECT id FROM calcom_runs WHERE organization_id = $1 AND state = 'running'"
PLAN: Final = """
UPDATE calcom_runs SET walks = $3, generation = $4, mark = $5
WHERE organization_id = $1 AND id = $2
"""
WALKED: Final = "UPDATE calcom_runs SET walks = $3 WHERE organization_id = $1 AND id = $2"
COUNT: Final = """
UPDATE calcom_runs SET synced = synced + $3, skipped = skipped + $4, unchanged = unchanged + $5
WHERE organization_id = $1 AND id = $2
"""
# Rows that were left out before are still counted as left out if a run without a range was not
# shown them and did not get to trying them again. So are rows of another account that this
# connection was shown once, as long as its runs are kept; other rows of that account do not count.
FINISH: Final = """
WITH account AS (SELECT account_id, generation FROM calcom_connections WHERE organization_id = $1),
unseen AS MATERIALIZED (
    SELECT uid, reason, seen_at FROM calcom_rows r
    WHERE organization_id = $1 AND kept IS NOT NULL AND state IN ('skipped', 'parked') AND $9
        AND run_id IS DISTINCT FROM $2
        AND (r.account_id IS NULL OR r.account_id = (SELECT account_id FROM account))
    UNION ALL
    SELECT uid, $10, seen_at FROM calcom_rows r
    WHERE organization_id = $1 AND outcome = 'skipped' AND state <> 'gone' AND $9
        AND r.account_id <> (SELECT account_id FROM account)
        AND run_id <> $2 AND run_id IN (
            SELECT id FROM calcom_runs WHERE organization_id = $1
                AND generation = (SELECT generation FROM account))),
first AS (
    SELECT uid, reason FROM (
        SELECT uid, reason, seen_at FROM unseen
        UNION ALL
        SELECT uid, CASE WHEN r.account_id <> (SELECT account_id FROM account)
            THEN $10 ELSE reason END, seen_at
        FROM calcom_rows r
        WHERE organization_id = $1 AND run_id = $2 AND outcome = 'skipped') left_out
    ORDER BY seen_at, uid LIMIT $8)
UPDATE calcom_runs SET state = $4, error = $5, code = $6, finished_at = $7, lease_until = NULL,
    holder = NULL, skipped = skipped + (SELECT count(*) FROM unseen),
    skips = coalesce((SELECT jsonb_agg(
        jsonb_build_object('uid', uid, 'reason', coalesce(reason, ''))) FROM first), '[]')
WHERE organization_id = $1 AND id = $2 AND state IN ('waiting', 'running')
    AND (holder = $3 OR $3 IS NULL AND (lease_until IS NULL OR lease_until < now()))
"""
# The runs of all organizations that no worker has.
UNATTENDED: Final = """
SELECT organization_id, id FROM calcom_runs
WHERE state IN ('waiting', 'running') AND coalesce(lease_until, created_at) < now() - $1::interval
    AND (organization_id, id) > ($2, $3)
ORDER BY organization_id, id LIMIT $4
"""
# Jobs may be on another node than the runs that they are for, so they are queried separately.
WITHOUT_JOB: Final = f"""
SELECT r.id FROM unnest($1::uuid[]) AS r (id)
WHERE NOT EXISTS (SELECT FROM pgqueuer j
    WHERE j.entrypoint = '{RUN_JOB}' AND j.status IN ('queued', 'picked')
      AND position(convert_to(r.id::text, 'UTF8') IN j.payload) > 0)
"""
FIRST: Final = UUID(int=0)


class RowCounts(Struct):
    """How many more rows had each outcome; `skipped` includes `unchanged`."""

    synced: int = 0
    skipped: int = 0
    unchanged: int = 0

    def add(self, outcome: str | None, number: int) -> None:
        """Counts `number` more rows with a `RowOutcome`."""
        if outcome == RowOutcome.SYNCED:
            self.synced += number
        elif outcome is not None:
            self.skipped += number
            self.unchanged += number if outcome == RowOutcome.UNCHANGED else 0


async def insert_run(
    tenant: TenantConnection,
    run_id: UUID,
    span: tuple[datetime | None, datetime | None],
    now: datetime,
) -> None:
    await tenant.tx.execute(INSERT, tenant.organization_id, run_id, *span, now)


async def find_run(tenant: TenantConnection, run_id: UUID) -> ImportRun | None:
    return _run(await tenant.tx.fetchrow(GET, tenant.organization_id, run_id))


async def find_run_among(
    organization_ids: Sequence[UUID], tx: Tx, run_id: UUID
) -> ImportRun | None:
    return _run(await tx.fetchrow(FIND, organization_ids, run_id))


async def list_runs(tenant: TenantConnection, limit: int) -> list[ImportRun]:
    """The latest runs, the newest first."""
    rows = await tenant.tx.fetch(LATEST, tenant.organization_id, limit)
    return [run for row in rows if (run := _run(row)) is not None]


async def has_open_run(tenant: TenantConnection) -> bool:
    """Whether a run is running or waiting."""
    is_open: bool = await tenant.tx.fetchval(OPEN, tenant.organization_id)
    return is_open


class LeasedRun(Struct, frozen=True):
    """A leased run, the trouble that earlier workers have had, and how long ago the first of them
    began."""

    run: ImportRun
    trouble: Trouble
    age_seconds: float


async def acquire_lease(
    tenant: TenantConnection, run_id: UUID, holder: UUID, lease: timedelta
) -> LeasedRun | None:
    """Leases the run. None if it is over, another worker has it, or another run of the organization
    is running."""
    try:
        row = await tenant.tx.fetchrow(TAKE, tenant.organization_id, run_id, holder, lease)
    except asyncpg.UniqueViolationError:
        return None
    if row is None:
        return None
    *columns, silent_seconds, tries, limits, garbled, age_seconds = row
    run = _run(columns)
    assert run is not None
    trouble = Trouble(silent_seconds=silent_seconds, tries=tries, limits=limits, garbled=garbled)
    return LeasedRun(run, trouble, age_seconds)


async def renew_lease(
    tenant: TenantConnection, run_id: UUID, holder: UUID, lease: timedelta, trouble: Trouble
) -> bool:
    """Renews the lease, and notes the trouble so far. False if another worker has the run."""
    return await _done(
        tenant.tx, RENEW, tenant.organization_id, run_id, holder, lease, *_columns_of(trouble)
    )


async def hold_run(tenant: TenantConnection, run_id: UUID, holder: UUID, lease: timedelta) -> bool:
    """Locks the run until the transaction ends, and renews its lease. False if another worker has
    it."""
    return await _done(tenant.tx, HOLD, tenant.organization_id, run_id, holder, lease)


async def release_run(
    tenant: TenantConnection, run_id: UUID, holder: UUID, after: timedelta, trouble: Trouble
) -> bool:
    """Ends the lease; other workers may take the run after a pause. False if one has it already."""
    return await _done(
        tenant.tx, RELEASE, tenant.organization_id, run_id, holder, after, *_columns_of(trouble)
    )


async def list_missed_runs(tx: Tx, after: timedelta, limit: int) -> list[tuple[UUID, UUID]]:
    """Runs, each after its organization, that have no job, and no worker has had for so long."""
    missed: list[tuple[UUID, UUID]] = []
    last = FIRST, FIRST
    while len(missed) < limit:
        rows = await tx.fetch(UNATTENDED, after, *last, limit)
        without = {row[0] for row in await tx.fetch(WITHOUT_JOB, [row[1] for row in rows])}
        missed += [(row[0], row[1]) for row in rows if row[1] in without]
        if len(rows) < limit:
            break
        last = rows[-1][0], rows[-1][1]
    return missed[:limit]


async def find_run_at_work(tenant: TenantConnection) -> UUID | None:
    id_: UUID | None = await tenant.tx.fetchval(AT_WORK, tenant.organization_id)
    return id_


async def plan_run(
    tenant: TenantConnection, run_id: UUID, walks: Sequence[Walk], generation: int, mark: datetime
) -> None:
    await tenant.tx.execute(PLAN, tenant.organization_id, run_id, as_raw(walks), generation, mark)


async def note_walks(tenant: TenantConnection, run_id: UUID, walks: Sequence[Walk]) -> None:
    """Notes the walks that are still to be done."""
    await tenant.tx.execute(WALKED, tenant.organization_id, run_id, as_raw(walks))


async def add_counts(tenant: TenantConnection, run_id: UUID, counts: RowCounts) -> None:
    c = counts
    await tenant.tx.execute(COUNT, tenant.organization_id, run_id, c.synced, c.skipped, c.unchanged)


async def finish_run(
    tenant: TenantConnection,
    run: ImportRun,
    holder: UUID | None,
    state: RunState,
    *,
    error: str | None,
    code: str | None,
    now: datetime,
    most_skips: int,
) -> bool:
    """Finishes the run, and notes the first rows that are still left out. False if the holder does
    not have the run; a holder of None finishes one that nobody has."""
    return await _done(
        tenant.tx,
        FINISH,
        tenant.organization_id,
        run.id,
        holder,
        state.value,
        error,
        code,
        now,
        most_skips,
        not run.has_range,
        OF_ANOTHER_ACCOUNT,
    )


async def _done(tx: Tx, sql: str, *arguments: Any) -> bool:
    done: str = await tx.execute(sql, *arguments)
    return not done.endswith(" 0")


def _columns_of(trouble: Trouble) -> tuple[float | None, int, int, int]:
    return trouble.silent_seconds, trouble.tries, trouble.limits, trouble.garbled


def _run(row: Any) -> ImportRun | None:
    if row is None:
        return None
    values = values_of(ImportRun, row)
    values["state"] = RunState(values["state"])
    if values["walks"] is not None:
        values["walks"] = WALKS.decode(values["walks"])
    values["skips"] = SKIPS.decode(values["skips"])
    return ImportRun(**values)
