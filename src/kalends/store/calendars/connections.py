"""Connections to calendar accounts as rows."""

from datetime import datetime
from typing import Any, Final
from uuid import UUID

from msgspec import structs

from kalends.domain.calendars.connections import CalendarConnection, ProviderName
from kalends.domain.calendars.states import ConnectionState
from kalends.store.calendars.links import forget_events
from kalends.store.database import TenantConnection, Tx
from kalends.store.rows import (
    columns_of,
    find_one,
    insert_into,
    page_of,
    parameters,
    select_from,
    values_of,
)

FIELDS: Final = CalendarConnection.__struct_fields__
COLUMNS: Final = columns_of(CalendarConnection)
_CHANGEABLE: Final = tuple(f for f in FIELDS if f not in ("id", "created_at"))

LIST: Final = page_of(
    "calendar_connections",
    COLUMNS,
    "organization_id = $1 AND ($2::uuid IS NULL OR user_id = $2)",
    order="id",
    parameters=2,
)
GET: Final = select_from("calendar_connections", CalendarConnection, "id = $2")
OF_ACCOUNT: Final = """
SELECT id FROM calendar_connections
WHERE organization_id = $1 AND provider = $2 AND account = $3 AND user_id IS NOT DISTINCT FROM $4
    AND state <> 'removing'
ORDER BY id LIMIT 1
"""
OTHERS_OF_ACCOUNT: Final = """
SELECT EXISTS (SELECT FROM calendar_connections
    WHERE organization_id = $1 AND provider = $2 AND account = $3 AND id <> $4)
"""
GET_TO_CHANGE: Final = GET + " FOR NO KEY UPDATE"
INSERT: Final = insert_into("calendar_connections", CalendarConnection)
UPDATE: Final = (
    f"UPDATE calendar_connections SET ({', '.join(_CHANGEABLE)}) ="
    f" ROW({parameters(3, len(_CHANGEABLE))}) WHERE organization_id = $1 AND id = $2"
)
DELETE: Final = "DELETE FROM calendar_connections WHERE organization_id = $1 AND id = $2"
DELETE_OF_USER: Final = (
    "DELETE FROM calendar_connections WHERE organization_id = $1 AND user_id = $2"
)
OF_USER: Final = "SELECT id FROM calendar_connections WHERE organization_id = $1 AND user_id = $2"
READING_OF_USER: Final = """
SELECT DISTINCT u.schedule_id FROM schedule_calendars u
JOIN calendars k ON k.organization_id = $1 AND k.id = u.calendar_id
JOIN calendar_connections c ON c.organization_id = $1 AND c.id = k.connection_id
WHERE u.organization_id = $1 AND c.user_id = $2
"""
LIST_REMOVED: Final = """
SELECT c.organization_id, c.id FROM calendar_connections c
WHERE c.state = 'removing' AND (c.updated_at <= $1 OR NOT EXISTS (
    SELECT FROM calendars k
    JOIN calendar_links l ON l.organization_id = k.organization_id AND l.calendar_id = k.id
    WHERE k.organization_id = c.organization_id AND k.connection_id = c.id
        AND l.state <> 'removed'))
ORDER BY c.updated_at LIMIT 100
"""
NOTE_PRINCIPAL: Final = """
UPDATE calendar_connections SET principal = $3
WHERE organization_id = $1 AND id = $2 AND principal IS NULL
"""
COUNT: Final = "SELECT count(*) FROM calendar_connections WHERE organization_id = $1"


async def list_connections(
    tenant: TenantConnection, user_id: UUID | None, limit: int, offset: int
) -> tuple[list[CalendarConnection], int]:
    """A page in the order of creation, and the total; of the user's connections or, for None, of
    all."""
    rows = await tenant.tx.fetch(LIST, tenant.organization_id, user_id, limit, offset)
    return [_connection_from(row) for row in rows if row["id"] is not None], rows[0]["total"]


async def count_connections(tenant: TenantConnection) -> int:
    total: int = await tenant.tx.fetchval(COUNT, tenant.organization_id)
    return total


async def find_connection(
    tenant: TenantConnection, connection_id: UUID
) -> CalendarConnection | None:
    return await find_one(tenant, GET, _connection_from, connection_id)


async def find_connection_to_change(
    tenant: TenantConnection, connection_id: UUID
) -> CalendarConnection | None:
    """The connection, locked against other changes until the transaction ends."""
    return await find_one(tenant, GET_TO_CHANGE, _connection_from, connection_id)


async def find_connection_of_account(
    tenant: TenantConnection, provider: ProviderName, account: str | None, user_id: UUID | None
) -> UUID | None:
    """The connection to the account that is the user's or, for None, the organization's."""
    found: UUID | None = await tenant.tx.fetchval(
        OF_ACCOUNT, tenant.organization_id, provider.value, account, user_id
    )
    return found


async def has_others_of_account(tenant: TenantConnection, connection: CalendarConnection) -> bool:
    """Whether another connection of the organization is to the same account."""
    found: bool = await tenant.tx.fetchval(
        OTHERS_OF_ACCOUNT,
        tenant.organization_id,
        connection.provider.value,
        connection.account,
        connection.id,
    )
    return found


async def list_connections_of_user(tenant: TenantConnection, user_id: UUID) -> list[UUID]:
    rows = await tenant.tx.fetch(OF_USER, tenant.organization_id, user_id)
    return [row[0] for row in rows]


async def insert_connection(tenant: TenantConnection, connection: CalendarConnection) -> None:
    values = structs.astuple(connection)
    await tenant.tx.execute(INSERT, tenant.organization_id, *values)


async def update_connection(tenant: TenantConnection, connection: CalendarConnection) -> None:
    """Writes the whole connection; the caller holds its lock."""
    values = structs.asdict(connection)
    changeable = (values[name] for name in _CHANGEABLE)
    await tenant.tx.execute(UPDATE, tenant.organization_id, connection.id, *changeable)


async def note_principal(
    tenant: TenantConnection, connection_id: UUID, principal: str | None
) -> None:
    """Notes the account's name at its server, if that was not known before."""
    await tenant.tx.execute(NOTE_PRINCIPAL, tenant.organization_id, connection_id, principal)


async def list_removed_connections(tx: Tx, begun_until: datetime) -> list[tuple[UUID, UUID]]:
    """Connections that are being removed and can be deleted now, each after its organization:
    nothing of ours is left in them, or the removal has taken too long."""
    return [(row[0], row[1]) for row in await tx.fetch(LIST_REMOVED, begun_until)]


async def delete_connection(tenant: TenantConnection, connection_id: UUID) -> bool:
    """Deletes the connection with its calendars, their events and busy time; False if there is
    none."""
    done = await tenant.tx.execute(DELETE, tenant.organization_id, connection_id)
    return not done.endswith(" 0")


async def delete_connections_of_user(tenant: TenantConnection, user_id: UUID) -> list[UUID]:
    """Deletes the user's connections with all that is known of them, and what bookings show of
    events there; returns the schedules that used them."""
    for connection_id in await list_connections_of_user(tenant, user_id):
        await forget_events(tenant, connection_id)
    rows = await tenant.tx.fetch(READING_OF_USER, tenant.organization_id, user_id)
    await tenant.tx.execute(DELETE_OF_USER, tenant.organization_id, user_id)
    return [row[0] for row in rows]


def _connection_from(row: Any) -> CalendarConnection:
    values = values_of(CalendarConnection, row)
    values["provider"] = ProviderName(values["provider"])
    values["state"] = ConnectionState(values["state"])
    return CalendarConnection(**values)
