"""Channels of calendars as rows, and the readings that their messages cause."""

from datetime import datetime, timedelta
from typing import Any, Final, NamedTuple
from uuid import UUID

from msgspec import structs

from kalends.domain.calendars.channels import OpenedChannel
from kalends.store.database import TenantConnection
from kalends.store.rows import find_one, insert_into, is_so, select_from, struct_from

INSERT: Final = insert_into("calendar_channels", OpenedChannel)
BY_TOKEN: Final = select_from("calendar_channels", OpenedChannel, "token_hash = $2")
OF_CALENDAR: Final = select_from(
    "calendar_channels", OpenedChannel, "calendar_id = $2 ORDER BY created_at, id"
)
OF_CONNECTION: Final = """
SELECT h.id, h.resource FROM calendar_channels h
JOIN calendars k ON k.organization_id = $1 AND k.id = h.calendar_id
WHERE h.organization_id = $1 AND k.connection_id = $2 AND h.resource IS NOT NULL
ORDER BY h.id
"""
OPENED: Final = """
UPDATE calendar_channels SET resource = $3, expires_at = $4
WHERE organization_id = $1 AND id = $2 RETURNING true
"""
DELETE: Final = "DELETE FROM calendar_channels WHERE organization_id = $1 AND id = $2"
LIFE: Final = """
SELECT expires_at, expires_at - created_at FROM calendar_channels
WHERE organization_id = $1 AND calendar_id = $2 AND expires_at IS NOT NULL
ORDER BY expires_at DESC LIMIT 1
"""
# Only one process at a time requests a channel, and after a failure none for a while. It skips
# locked rows, as whoever reads another calendar of the account has that one locked.
CLAIM: Final = """
UPDATE calendars SET watch_after = $4
WHERE organization_id = $1 AND id = (SELECT id FROM calendars
    WHERE organization_id = $1 AND id = $2 AND (watch_after IS NULL OR watch_after <= $3)
    FOR NO KEY UPDATE SKIP LOCKED)
RETURNING true
"""
CARRIER: Final = """
SELECT id FROM calendars WHERE organization_id = $1 AND connection_id = $2
ORDER BY created_at, id LIMIT 1
"""
END: Final = """
UPDATE calendar_channels SET expires_at = least(expires_at, $3)
WHERE organization_id = $1 AND id = $2
"""
# A calendar that is being read is read once more afterwards, as that reading may miss the change.
NUDGE: Final = """
UPDATE calendars SET due_at = CASE WHEN leased_by IS NULL THEN $3 ELSE due_at END,
    nudged_at = CASE WHEN leased_by IS NULL THEN NULL ELSE $3 END
WHERE organization_id = $1 AND id = $2
RETURNING leased_by IS NULL
"""
NUDGE_ALL: Final = """
WITH known AS (
    SELECT id FROM calendars WHERE organization_id = $1 AND connection_id = $2
    ORDER BY id FOR NO KEY UPDATE)
UPDATE calendars k SET due_at = CASE WHEN k.leased_by IS NULL THEN $3 ELSE k.due_at END,
    nudged_at = CASE WHEN k.leased_by IS NULL THEN NULL ELSE $3 END
FROM known WHERE k.organization_id = $1 AND k.id = known.id
RETURNING k.id, k.leased_by IS NULL
"""


class Life(NamedTuple):
    """When a channel ends, and for how long it was granted."""

    ends_at: datetime
    length: timedelta


class HeldChannel(NamedTuple):
    """What is needed to close a channel."""

    id: UUID
    resource: str


async def insert_channel(tenant: TenantConnection, channel: OpenedChannel) -> None:
    await tenant.tx.execute(INSERT, tenant.organization_id, *structs.astuple(channel))


async def find_channel(tenant: TenantConnection, token_hash: bytes) -> OpenedChannel | None:
    return await find_one(tenant, BY_TOKEN, _channel_from, token_hash)


async def list_channels(tenant: TenantConnection, calendar_id: UUID) -> list[OpenedChannel]:
    """The channels of the calendar, the oldest first."""
    rows = await tenant.tx.fetch(OF_CALENDAR, tenant.organization_id, calendar_id)
    return [_channel_from(row) for row in rows]


async def list_held_channels(tenant: TenantConnection, connection_id: UUID) -> list[HeldChannel]:
    """The open channels of all calendars of the connection."""
    rows = await tenant.tx.fetch(OF_CONNECTION, tenant.organization_id, connection_id)
    return [HeldChannel(*row) for row in rows]


async def note_open(
    tenant: TenantConnection, channel_id: UUID, resource: str, expires_at: datetime
) -> bool:
    """Notes that the channel is open; False if it was deleted with its calendar."""
    return await is_so(tenant, OPENED, channel_id, resource, expires_at)


async def delete_channel(tenant: TenantConnection, channel_id: UUID) -> None:
    await tenant.tx.execute(DELETE, tenant.organization_id, channel_id)


async def find_life(tenant: TenantConnection, calendar_id: UUID) -> Life | None:
    """The life of the channel that ends last; None if none was opened."""
    row = await tenant.tx.fetchrow(LIFE, tenant.organization_id, calendar_id)
    return None if row is None else Life(*row)


async def find_carrier(tenant: TenantConnection, connection_id: UUID) -> UUID | None:
    """The calendar whose channel is for all calendars of the connection."""
    found: UUID | None = await tenant.tx.fetchval(CARRIER, tenant.organization_id, connection_id)
    return found


async def end_channel(tenant: TenantConnection, channel_id: UUID, now: datetime) -> None:
    """Marks the channel as ended; it is closed once the next one is open."""
    await tenant.tx.execute(END, tenant.organization_id, channel_id, now)


async def claim_watch(
    tenant: TenantConnection, calendar_id: UUID, now: datetime, again_at: datetime
) -> bool:
    """Claims the right to request a channel; if True, nobody else does so until `again_at`."""
    return await is_so(tenant, CLAIM, calendar_id, now, again_at)


async def postpone_watch(tenant: TenantConnection, calendar_id: UUID, until: datetime) -> None:
    await tenant.tx.execute(
        "UPDATE calendars SET watch_after = $3 WHERE organization_id = $1 AND id = $2",
        tenant.organization_id,
        calendar_id,
        until,
    )


async def nudge_calendar(tenant: TenantConnection, calendar_id: UUID, now: datetime) -> bool:
    """Makes the calendar due; returns whether it can be put into the queue at once."""
    return await is_so(tenant, NUDGE, calendar_id, now)


async def nudge_calendars(
    tenant: TenantConnection, connection_id: UUID, now: datetime
) -> list[UUID]:
    """Makes all calendars of the connection due; returns those that can be queued at once."""
    rows = await tenant.tx.fetch(NUDGE_ALL, tenant.organization_id, connection_id, now)
    return [id_ for id_, is_free in rows if is_free]


def _channel_from(row: Any) -> OpenedChannel:
    return struct_from(OpenedChannel, row)
