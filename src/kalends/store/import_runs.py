"""Runs of the Cal.com sync as rows, and the lease of who works on one."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

import asyncpg
from msgspec import Struct, json

from kalends.domain.calcom_account import Walk
from kalends.domain.calcom_sync import Run, RunState, Skip
from kalends.store.database import Tx
from kalends.store.rows import as_raw, columns_of

FIELDS: Final = Run.__struct_fields__
COLUMNS: Final = columns_of(Run)
WALKS: Final = json.Decoder(list[Walk])
SKIPS: Final = json.Decoder(list[Skip])

INSERT: Final = """
INSERT INTO calcom_runs (organization_id, id, state, since, until, created_at)
VALUES ($1, $2, 'waiting', $3, $4, $5)
"""
GET: Final = f"SELECT {COLUMNS} FROM calcom_runs WHERE organization_id = $1 AND id = $2"
# Among the organizations of a signed-in user: who has a run's id does not say which.
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
# The unique index on runs at work decides between two that want to begin.
TAKE: Final = f"""
UPDATE calcom_runs SET state = 'running', holder = $3, lease_until = now() + $4::interval
WHERE organization_id = $1 AND id = $2 AND (state = 'waiting' OR state = 'running'
    AND (lease_until IS NULL OR lease_until < now() OR holder = $3))
  AND NOT EXISTS (SELECT FROM calcom_runs r
    WHERE r.organization_id = $1 AND r.id <> $2 AND r.state = 'running')
RETURNING {COLUMNS}
"""
RENEW: Final = """
UPDATE calcom_runs SET lease_until = now() + $4::interval
WHERE organization_id = $1 AND id = $2 AND holder = $3 AND state = 'running'
"""
RELEASE: Final = """
UPDATE calcom_runs SET holder = NULL, lease_until = now() + $4::interval
WHERE organization_id = $1 AND id = $2 AND holder = $3 AND state = 'running'
"""
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
FINISH: Final = """
UPDATE calcom_runs SET state = $3, error = $4, code = $5, finished_at = $6, lease_until = NULL,
    skips = coalesce((SELECT jsonb_agg(jsonb_build_object('uid', uid, 'reason', reason))
        FROM (SELECT uid, coalesce(reason, '') AS reason FROM calcom_rows
            WHERE organization_id = $1 AND run_id = $2 AND outcome = 'skipped'
            ORDER BY seen_at, uid LIMIT $7) first), '[]')
WHERE organization_id = $1 AND id = $2
"""


class Counts(Struct):
    """How many more rows came to an outcome; `skipped` counts `unchanged` too."""

    synced: int = 0
    skipped: int = 0
    unchanged: int = 0


async def insert_run(
    organization_id: UUID,
    tx: Tx,
    run_id: UUID,
    span: tuple[datetime | None, datetime | None],
    now: datetime,
) -> None:
    await tx.execute(INSERT, organization_id, run_id, *span, now)


async def find_run(organization_id: UUID, tx: Tx, run_id: UUID) -> Run | None:
    return _run(await tx.fetchrow(GET, organization_id, run_id))


async def find_run_among(organization_ids: Sequence[UUID], tx: Tx, run_id: UUID) -> Run | None:
    return _run(await tx.fetchrow(FIND, organization_ids, run_id))


async def list_runs(organization_id: UUID, tx: Tx, limit: int) -> list[Run]:
    """The latest first."""
    rows = await tx.fetch(LATEST, organization_id, limit)
    return [run for row in rows if (run := _run(row)) is not None]


async def has_open_run(organization_id: UUID, tx: Tx) -> bool:
    """Whether a run is at work or waits."""
    is_open: bool = await tx.fetchval(OPEN, organization_id)
    return is_open


async def take_run(
    organization_id: UUID, tx: Tx, run_id: UUID, holder: UUID, lease: timedelta
) -> Run | None:
    """The run, ours for as long as the lease is renewed; None where it is over, somebody else has
    it, or another run of the organization is at work."""
    try:
        return _run(await tx.fetchrow(TAKE, organization_id, run_id, holder, lease))
    except asyncpg.UniqueViolationError:
        return None


async def renew_lease(
    organization_id: UUID, tx: Tx, run_id: UUID, holder: UUID, lease: timedelta
) -> bool:
    """False where somebody else has the run."""
    done: str = await tx.execute(RENEW, organization_id, run_id, holder, lease)
    return not done.endswith(" 0")


async def release_run(
    organization_id: UUID, tx: Tx, run_id: UUID, holder: UUID, after: timedelta
) -> None:
    """Lets others go on with it, but not before."""
    await tx.execute(RELEASE, organization_id, run_id, holder, after)


async def find_run_at_work(organization_id: UUID, tx: Tx) -> UUID | None:
    id_: UUID | None = await tx.fetchval(AT_WORK, organization_id)
    return id_


async def plan_run(
    organization_id: UUID,
    tx: Tx,
    run_id: UUID,
    walks: Sequence[Walk],
    generation: int,
    mark: datetime,
) -> None:
    await tx.execute(PLAN, organization_id, run_id, as_raw(walks), generation, mark)


async def note_walks(organization_id: UUID, tx: Tx, run_id: UUID, walks: Sequence[Walk]) -> None:
    """What is still to be walked."""
    await tx.execute(WALKED, organization_id, run_id, as_raw(walks))


async def add_counts(organization_id: UUID, tx: Tx, run_id: UUID, counts: Counts) -> None:
    c = counts
    await tx.execute(COUNT, organization_id, run_id, c.synced, c.skipped, c.unchanged)


async def finish_run(
    organization_id: UUID,
    tx: Tx,
    run_id: UUID,
    state: RunState,
    *,
    error: str | None,
    code: str | None,
    now: datetime,
    most_skips: int,
) -> None:
    """Ends it, with the first skips of the rows that it was shown."""
    await tx.execute(FINISH, organization_id, run_id, state.value, error, code, now, most_skips)


def _run(row: Any) -> Run | None:
    if row is None:
        return None
    values = dict(zip(FIELDS, row, strict=True))
    values["state"] = RunState(values["state"])
    if values["walks"] is not None:
        values["walks"] = WALKS.decode(values["walks"])
    values["skips"] = SKIPS.decode(values["skips"])
    return Run(**values)
