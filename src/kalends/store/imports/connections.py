"""Connections to a source of bookings as rows, and when their syncs are due."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from msgspec import json, structs

from kalends.domain.imports.connections import ImportConnection, OnConflict, ScheduleMapping
from kalends.domain.tenant_tokens import TokenKey
from kalends.store.database import TenantConnection, Tx
from kalends.store.rows import as_raw, columns_of, parameters

FIELDS: Final = ImportConnection.__struct_fields__
COLUMNS: Final = columns_of(ImportConnection)
MAPPINGS: Final = json.Decoder(list[ScheduleMapping])
_LASTING: Final = (
    "organization_id", "id", "hook_token", "hook_hash", "generation", "created_at",
)  # fmt: skip
_REPLACED: Final = tuple(name for name in FIELDS if name not in _LASTING)

GET: Final = f"SELECT {COLUMNS} FROM calcom_connections WHERE organization_id = $1"
LOCK: Final = f"{GET} FOR NO KEY UPDATE"
BY_HOOK: Final = f"{GET} AND hook_hash = $2"
# For tokens from before migration 0018, which do not name their organization.
BY_OLD_HOOK: Final = f"SELECT {COLUMNS} FROM calcom_connections WHERE hook_hash = $1"
# A new PUT keeps the id and the hook's URL, and increments the generation.
PUT: Final = f"""
INSERT INTO calcom_connections ({COLUMNS}) VALUES ({parameters(1, len(FIELDS))})
ON CONFLICT (organization_id) DO UPDATE SET
    ({", ".join(_REPLACED)}) = ROW({", ".join(f"excluded.{f}" for f in _REPLACED)}),
    generation = calcom_connections.generation + 1
RETURNING {columns_of(ImportConnection, "calcom_connections")}
"""
DELETE: Final = "DELETE FROM calcom_connections WHERE organization_id = $1 RETURNING id"
# Earlier bookings may belong to other schedules now, so the next sync walks through all of them.
SET_MAPPINGS: Final = """
UPDATE calcom_connections SET mappings = $2, updated_at = $3, generation = generation + 1,
    walked_since = NULL, walked_to = NULL, changed_since = NULL
WHERE organization_id = $1
"""
BEGIN_WALK: Final = """
UPDATE calcom_connections SET walked_since = coalesce(walked_since, $3)
WHERE organization_id = $1 AND generation = $2 RETURNING walked_since
"""
WALKED_TO: Final = """
UPDATE calcom_connections SET walked_to = $3
WHERE organization_id = $1 AND generation = $2 AND changed_since IS NULL
"""
MARK: Final = """
UPDATE calcom_connections SET changed_since = $3 WHERE organization_id = $1 AND generation = $2
"""
ACCOUNT: Final = """
UPDATE calcom_connections SET account_id = $3, account_generation = $2
WHERE organization_id = $1 AND generation = $2
"""
# Over all organizations, for the timetable.
DUE: Final = """
SELECT organization_id FROM calcom_connections
WHERE due_at <= $1 AND organization_id <> ALL($3::uuid[]) ORDER BY due_at LIMIT $2
"""
# No sync begins while another is not over. A locked connection stays due.
DUE_EVERY: Final = """
SELECT interval_minutes FROM calcom_connections
WHERE organization_id = $1 AND due_at <= $2 FOR NO KEY UPDATE SKIP LOCKED
"""
SET_DUE: Final = "UPDATE calcom_connections SET due_at = $2 WHERE organization_id = $1"


async def find_connection(tenant: TenantConnection) -> ImportConnection | None:
    return _connection(await tenant.tx.fetchrow(GET, tenant.organization_id))


async def lock_connection(tenant: TenantConnection) -> ImportConnection | None:
    """The connection, locked against other changes until the transaction ends."""
    return _connection(await tenant.tx.fetchrow(LOCK, tenant.organization_id))


async def find_connection_by_hook(tx: Tx, key: TokenKey) -> ImportConnection | None:
    """The connection whose hook has that token in its URL."""
    if key.organization_id is None:
        return await _find_by_old_hook(tx, key.token_hash)
    return _connection(await tx.fetchrow(BY_HOOK, key.organization_id, key.token_hash))


async def _find_by_old_hook(tx: Tx, hook_hash: bytes) -> ImportConnection | None:
    return _connection(await tx.fetchrow(BY_OLD_HOOK, hook_hash))


async def put_connection(tx: Tx, connection: ImportConnection) -> ImportConnection:
    """Creates the organization's connection, or replaces all of it except its id and hook."""
    values = structs.asdict(connection) | {"mappings": as_raw(connection.mappings)}
    row = await tx.fetchrow(PUT, *(values[name] for name in FIELDS))
    stored = _connection(row)
    assert stored is not None
    return stored


async def delete_connection(tenant: TenantConnection) -> UUID | None:
    """Deletes the connection and returns its id; None if there was none."""
    id_: UUID | None = await tenant.tx.fetchval(DELETE, tenant.organization_id)
    return id_


async def set_mappings(
    tenant: TenantConnection, mappings: list[ScheduleMapping], now: datetime
) -> None:
    """Changes the mappings, and forgets how far the sync has come."""
    await tenant.tx.execute(SET_MAPPINGS, tenant.organization_id, as_raw(mappings), now)


async def begin_walk(tenant: TenantConnection, generation: int, now: datetime) -> datetime | None:
    """Begins the first walk, which may take several runs; returns when it began. None if the
    connection has been replaced meanwhile."""
    since: datetime | None = await tenant.tx.fetchval(
        BEGIN_WALK, tenant.organization_id, generation, now
    )
    return since


async def note_walked_to(tenant: TenantConnection, generation: int, reached: datetime) -> None:
    """Notes the creation time that the first walk has reached."""
    await tenant.tx.execute(WALKED_TO, tenant.organization_id, generation, reached)


async def set_changed_since(tenant: TenantConnection, generation: int, since: datetime) -> None:
    """Notes from when on the next run asks for changes, unless the connection was replaced."""
    await tenant.tx.execute(MARK, tenant.organization_id, generation, since)


async def note_account(tenant: TenantConnection, generation: int, account_id: UUID) -> None:
    """Notes which account the connection leads to, unless the connection was replaced."""
    await tenant.tx.execute(ACCOUNT, tenant.organization_id, generation, account_id)


async def list_due_connections(
    tx: Tx, now: datetime, limit: int, without: Sequence[UUID]
) -> list[UUID]:
    """The organizations whose sync is due, except those in `without`; the longest due first."""
    return [row[0] for row in await tx.fetch(DUE, now, limit, without)]


async def take_due_connection(tenant: TenantConnection, now: datetime) -> bool:
    """Takes the due sync, which is then due again an interval later. False if it is not due, or
    somebody else has taken it or locked the connection. Must run in a transaction."""
    minutes = await tenant.tx.fetchval(DUE_EVERY, tenant.organization_id, now)
    if minutes is None:
        return False
    await tenant.tx.execute(SET_DUE, tenant.organization_id, now + timedelta(minutes=minutes))
    return True


def next_due(now: datetime, interval_minutes: int) -> datetime | None:
    """When the connection is synced automatically next; None if never."""
    return now + timedelta(minutes=interval_minutes) if interval_minutes else None


def _connection(row: Any) -> ImportConnection | None:
    if row is None:
        return None
    values = dict(zip(FIELDS, row, strict=True))
    values["mappings"] = MAPPINGS.decode(values["mappings"])
    values["on_conflict"] = OnConflict(values["on_conflict"])
    return ImportConnection(**values)
