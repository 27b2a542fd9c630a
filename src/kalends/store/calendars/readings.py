"""Readings of calendars: which ones are due, who has leased them, and how readings went."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from msgspec import Struct

from kalends.store.database import TenantConnection, Tx
from kalends.store.rows import is_so

MOST_AT_ONCE: Final = 20
# The holder of a calendar that waits in the queue.
NO_WORKER: Final = UUID(int=0)
# Over all organizations; statements of each organization check its result again.
LIST_DUE: Final = """
SELECT organization_id, array_agg(id ORDER BY due_at) FROM (
    SELECT organization_id, id, due_at FROM calendars WHERE due_at <= $1
    ORDER BY due_at LIMIT $2) due
GROUP BY organization_id
"""
# A calendar whose connection is paused, waits for a password or is being removed is looked at again
# in an hour, without being read. An organization may have only so many readings at once, so that
# servers that hang do not take up all places.
PUT_IN_QUEUE: Final = """
WITH due AS (
    SELECT k.id, c.state IN ('paused', 'reconnect', 'removing') AS is_idle
    FROM calendars k
    JOIN calendar_connections c ON c.organization_id = $1 AND c.id = k.connection_id
    WHERE k.organization_id = $1 AND k.id = ANY($2::uuid[]) AND k.due_at <= $3
    ORDER BY k.due_at
    LIMIT greatest(0, $6::int - (SELECT count(*) FROM calendars
        WHERE organization_id = $1 AND leased_by IS NOT NULL AND due_at > $3))
    FOR UPDATE OF k SKIP LOCKED)
UPDATE calendars k SET due_at = CASE WHEN due.is_idle THEN $5::timestamptz ELSE $4 END,
    leased_by = CASE WHEN due.is_idle THEN NULL ELSE $7::uuid END
FROM due WHERE k.organization_id = $1 AND k.id = due.id
RETURNING k.id, due.is_idle
"""
LEASE: Final = """
UPDATE calendars SET leased_by = $3, due_at = $4, nudged_at = NULL
WHERE organization_id = $1 AND id = $2
RETURNING progress, compared_at, sync_id
"""
# Only the holder of the lease may write, and only about the account that it has read.
HOLD: Final = """
SELECT c.generation = $4 FROM calendars k
JOIN calendar_connections c ON c.organization_id = $1 AND c.id = k.connection_id
WHERE k.organization_id = $1 AND k.id = $2 AND k.leased_by = $3
FOR NO KEY UPDATE OF k
"""
# If somebody has requested a sync since the reading began, or the provider has reported a change,
# the calendar is due again at once.
RELEASE: Final = """
UPDATE calendars SET leased_by = NULL,
    due_at = CASE WHEN sync_id IS NULL AND nudged_at IS NULL THEN $3 ELSE created_at END,
    compared_at = coalesce($4, compared_at), progress = $5, reason = NULL
WHERE organization_id = $1 AND id = $2
"""
POSTPONE: Final = """
UPDATE calendars SET leased_by = NULL, reason = $5,
    due_at = CASE WHEN sync_id IS NULL THEN $4 ELSE created_at END
WHERE organization_id = $1 AND id = $2 AND leased_by = $3
"""
READ_NOW: Final = """
UPDATE calendars SET due_at = least(due_at, $3)
WHERE organization_id = $1 AND connection_id = $2 AND leased_by IS NULL
"""
# A reading under way uses the earlier credentials, so its lease is ended and another one begins.
READ_ANEW: Final = """
UPDATE calendars SET due_at = $3, leased_by = NULL, reason = NULL
WHERE organization_id = $1 AND connection_id = $2
RETURNING id
"""
_IS_READ: Final = """NOT EXISTS (SELECT FROM calendars
    WHERE organization_id = $1 AND connection_id = $2 AND known_until IS NULL AND reason IS NULL)"""
# The connection is active once each of its calendars was read, or has a reason why it cannot be.
# Its calendars are checked after it is locked; otherwise, of two readings that end at once, neither
# would see the other's result.
HOLD_CONNECTION: Final = """
SELECT failing_since IS NOT NULL FROM calendar_connections
WHERE organization_id = $1 AND id = $2 AND state NOT IN ('paused', 'removing')
FOR NO KEY UPDATE
"""
NOTE_SUCCESS: Final = f"""
UPDATE calendar_connections SET last_synced_at = $3, stale_since = NULL, failures = 0,
    reason = NULL, failing_since = NULL,
    state = CASE WHEN state <> 'reading' OR {_IS_READ} THEN 'active' ELSE state END
WHERE organization_id = $1 AND id = $2 AND state NOT IN ('paused', 'removing')
"""
# For the case that the last calendar that was waited for cannot be read.
END_READING: Final = f"""
UPDATE calendar_connections SET state = 'active'
WHERE organization_id = $1 AND id = $2 AND state = 'reading' AND last_synced_at IS NOT NULL
    AND {_IS_READ}
"""
NOTE_FAILURE: Final = """
UPDATE calendar_connections SET failures = failures + 1, reason = $3,
    stale_since = coalesce(stale_since, $4::timestamptz),
    state = CASE WHEN $5::boolean THEN 'reconnect'
      WHEN coalesce(stale_since, $4) <= $6::timestamptz AND state IN ('active', 'reading')
        THEN 'failing'
      ELSE state END
WHERE organization_id = $1 AND id = $2 AND generation = $7
    AND state NOT IN ('paused', 'removing')
RETURNING failures
"""
KNOWN_BOOKINGS: Final = (
    "SELECT id FROM bookings WHERE organization_id = $1 AND id = ANY($2::uuid[])"
)


class CalendarProgress(Struct, frozen=True):
    """How far a calendar has been read: the provider's token to go on from, and when it was last
    compared in full. `sync_id` is the sync that somebody has requested."""

    progress: str | None
    compared_at: datetime | None
    sync_id: UUID | None = None


async def list_due_calendars(tx: Tx, now: datetime, limit: int) -> dict[UUID, list[UUID]]:
    """The longest due calendars, by organization."""
    return dict(await tx.fetch(LIST_DUE, now, limit))


async def put_in_queue(
    tenant: TenantConnection,
    calendar_ids: Sequence[UUID],
    now: datetime,
    until: datetime,
    idle_until: datetime,
) -> list[UUID]:
    """Leases the calendars until `until`, and returns those that are to be read."""
    rows = await tenant.tx.fetch(
        PUT_IN_QUEUE,
        tenant.organization_id,
        calendar_ids,
        now,
        until,
        idle_until,
        MOST_AT_ONCE,
        NO_WORKER,
    )
    return [row["id"] for row in rows if not row["is_idle"]]


async def lease_calendar(
    tenant: TenantConnection, calendar_id: UUID, holder: UUID, until: datetime
) -> CalendarProgress | None:
    """Leases the calendar, taking it over from any other holder; None if it does not exist."""
    row = await tenant.tx.fetchrow(LEASE, tenant.organization_id, calendar_id, holder, until)
    return None if row is None else CalendarProgress(*row)


async def hold_calendar(
    tenant: TenantConnection, calendar_id: UUID, holder: UUID, generation: int
) -> bool:
    """Whether the calendar is still leased by the holder, and its account is the one that was read.
    If so, it is locked until the transaction ends."""
    return await is_so(tenant, HOLD, calendar_id, holder, generation)


async def release_calendar(
    tenant: TenantConnection,
    calendar_id: UUID,
    due_at: datetime,
    compared_at: datetime | None,
    progress: str | None,
) -> None:
    """Ends the lease of a locked calendar; it is read again at `due_at`, from `progress` on."""
    await tenant.tx.execute(
        RELEASE, tenant.organization_id, calendar_id, due_at, compared_at, progress
    )


async def postpone_calendar(
    tenant: TenantConnection, calendar_id: UUID, holder: UUID, due_at: datetime, reason: str
) -> None:
    """Notes that the calendar could not be read; if the holder still has it, it is due then."""
    await tenant.tx.execute(POSTPONE, tenant.organization_id, calendar_id, holder, due_at, reason)


async def read_now(tenant: TenantConnection, connection_id: UUID, now: datetime) -> None:
    """Makes all calendars of the connection due, except those that are being read."""
    await tenant.tx.execute(READ_NOW, tenant.organization_id, connection_id, now)


async def read_anew(tenant: TenantConnection, connection_id: UUID, now: datetime) -> list[UUID]:
    """Makes all calendars of the connection due, even those that are being read; returns them."""
    rows = await tenant.tx.fetch(READ_ANEW, tenant.organization_id, connection_id, now)
    return [row[0] for row in rows]


async def note_success(tenant: TenantConnection, connection_id: UUID, now: datetime) -> bool:
    """Notes that the connection works; returns whether it was reported as failing before."""
    had_failed = await _hold_connection(tenant, connection_id)
    await tenant.tx.execute(NOTE_SUCCESS, tenant.organization_id, connection_id, now)
    return had_failed


async def end_reading(tenant: TenantConnection, connection_id: UUID) -> None:
    """Marks the connection as active if some of its calendars were read, and each of the others has
    a reason why it cannot be."""
    await _hold_connection(tenant, connection_id)
    await tenant.tx.execute(END_READING, tenant.organization_id, connection_id)


async def _hold_connection(tenant: TenantConnection, connection_id: UUID) -> bool:
    """Locks the connection; returns whether it was reported as failing."""
    return await is_so(tenant, HOLD_CONNECTION, connection_id)


async def note_failure(
    tenant: TenantConnection,
    connection_id: UUID,
    generation: int,
    reason: str,
    now: datetime,
    failing_if_before: datetime,
    *,
    is_refused: bool,
) -> int:
    """Notes a failure; returns how many there have been in a row. If the account refuses us, the
    connection waits for new credentials; if it has been silent since before `failing_if_before`, it
    is failing."""
    failures: int | None = await tenant.tx.fetchval(
        NOTE_FAILURE,
        tenant.organization_id,
        connection_id,
        reason,
        now,
        is_refused,
        failing_if_before,
        generation,
    )
    return failures or 1


async def find_own_bookings(tenant: TenantConnection, booking_ids: Sequence[UUID]) -> set[UUID]:
    """Those of the ids that are bookings of the organization."""
    rows: list[Any] = await tenant.tx.fetch(KNOWN_BOOKINGS, tenant.organization_id, booking_ids)
    return {row[0] for row in rows}
