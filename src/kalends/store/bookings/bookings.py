"""Bookings as rows: finding, locking and writing one, and the columns that others read."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from msgspec import Struct, json

from kalends.domain.booking import (
    STORED_FIELDS,
    Booking,
    Host,
    Status,
    stored_values,
)
from kalends.store.database import TenantConnection, Tx
from kalends.store.rows import columns_of, find_one, parameters


class BookedWallClock(Struct, frozen=True):
    """The start of a booking, and the wall-clock time in its zone that it was made for."""

    organization_id: UUID
    id: UUID
    start_time: datetime
    timezone: str
    wall_clock: str


FIELDS: Final = Booking.__struct_fields__
STORED_COLUMNS: Final = ", ".join(STORED_FIELDS)
# Hosts are the schedules of users among those that a booking takes. In all of these statements `$1`
# is the organization.
_HOST: Final = "jsonb_build_array(s.id, s.user_id, coalesce(s.public_name, s.name))"
_HOSTS_OF_ONE: Final = f"""(
    SELECT jsonb_agg({_HOST} ORDER BY array_position(bookings.schedule_ids, s.id)) FROM schedules s
    WHERE s.organization_id = $1 AND s.id = ANY(bookings.schedule_ids) AND s.user_id IS NOT NULL)"""
# For many bookings, each schedule is looked up by its key; without LIMIT 1 PostgreSQL would scan a
# small table for each. If no schedule of the organization belongs to a user, none is looked up.
_HAS_HOSTS: Final = """
    EXISTS (SELECT FROM schedules WHERE organization_id = $1 AND user_id IS NOT NULL)"""
_TAKEN: Final = """
    FROM unnest(bookings.schedule_ids) WITH ORDINALITY AS taken (id, place) CROSS JOIN LATERAL (
        SELECT id, user_id, coalesce(public_name, name) AS name FROM schedules
        WHERE organization_id = $1 AND id = taken.id AND user_id IS NOT NULL LIMIT 1) s"""
_HOSTS: Final = f"""CASE WHEN {_HAS_HOSTS} THEN (
    SELECT jsonb_agg(jsonb_build_array(s.id, s.user_id, s.name) ORDER BY taken.place) {_TAKEN}) END
"""
COLUMNS: Final = f"{STORED_COLUMNS}, {_HOSTS} AS hosts, calendar_events, video"
# Metadata can have 64 kB per booking. Lists that do not show it leave it out, as well as hosts.
COLUMNS_BUT_METADATA: Final = (
    STORED_COLUMNS.replace(" metadata,", " '{}'::jsonb AS metadata,")
    + ", NULL::jsonb AS hosts, '[]'::jsonb AS calendar_events, NULL::jsonb AS video"
)
HOSTS_OF: Final = json.Decoder(tuple[tuple[UUID, UUID, str], ...])
_STATUS_AT: Final = FIELDS.index("status")
_HOSTS_AT: Final = FIELDS.index("hosts")
# A dict, as calling the enum costs ten times as much, and lists have many rows.
_STATUS_NAMED: Final = {status.value: status for status in Status}
CLOCKS: Final = f"""
SELECT {columns_of(BookedWallClock)} FROM bookings
WHERE (organization_id, id) > ($1, $2) AND start_time > $3 AND status IN ('PENDING', 'CONFIRMED')
ORDER BY organization_id, id LIMIT $4
"""
# Always returns a row, even if the organization has no events yet.
LATEST_EVENT: Final = (
    "SELECT (SELECT id FROM events WHERE organization_id = $1 ORDER BY number DESC LIMIT 1) AS id"
)
_CHANGEABLE: Final = tuple(f for f in STORED_FIELDS if f not in ("id", "created_at", "source"))

GET: Final = (
    f"SELECT {STORED_COLUMNS}, {_HOSTS_OF_ONE} AS hosts, calendar_events, video FROM bookings"
    " WHERE organization_id = $1 AND id = $2"
)
# A stamp has 36 bytes: the booking's id, the transaction that wrote it last, when that was, and a
# hash of its hosts.
ROW_STAMP: Final = "uuid_send(id) || xidsend(xmin) || timestamptz_send(updated_at)"
HOSTS_STAMP: Final = f"""int8send(CASE WHEN {_HAS_HOSTS} THEN (
    SELECT coalesce(bit_xor(hashtextextended(s.user_id || s.name, taken.place)), 0) {_TAKEN})
    ELSE 0 END)"""
STAMP_BYTES: Final = 36
UUID_BYTES: Final = 16
STAMPED: Final = f"""
SELECT {COLUMNS}, {ROW_STAMP} || {HOSTS_STAMP} AS stamp FROM bookings
WHERE organization_id = $1 AND id = ANY($2::uuid[])
"""
SEATS: Final = """
SELECT b.id, count(*) FROM bookings b JOIN bookings seat
    ON seat.organization_id = $1 AND seat.event_type_id = b.event_type_id
    AND seat.start_time = b.start_time AND seat.schedule_ids = b.schedule_ids
WHERE b.organization_id = $1 AND b.id = ANY($2::uuid[])
  AND seat.status IN ('PENDING', 'CONFIRMED', 'COMPLETED') AND NOT seat.conflict
GROUP BY b.id
"""
GET_LOCKED: Final = GET + " FOR NO KEY UPDATE"
INSERT: Final = (
    f"INSERT INTO bookings (organization_id, {STORED_COLUMNS})"
    f" VALUES ({parameters(1, len(STORED_FIELDS) + 1)})"
)

UPDATE: Final = (
    f"UPDATE bookings SET ({', '.join(_CHANGEABLE)}) = ROW({parameters(3, len(_CHANGEABLE))})"
    " WHERE organization_id = $1 AND id = $2"
)


async def find_booking(tenant: TenantConnection, booking_id: UUID) -> Booking | None:
    return await find_one(tenant, GET, booking_from, booking_id)


async def lock_booking(tenant: TenantConnection, booking_id: UUID) -> Booking | None:
    """The booking, locked against other changes until the transaction ends."""
    return await find_one(tenant, GET_LOCKED, booking_from, booking_id)


async def insert_booking(tenant: TenantConnection, booking: Booking) -> None:
    await tenant.tx.execute(INSERT, tenant.organization_id, *stored_values(booking))


async def insert_bookings(tenant: TenantConnection, bookings: Sequence[Booking]) -> None:
    """Writes several new bookings in one round trip."""
    await tenant.tx.executemany(
        INSERT, [(tenant.organization_id, *stored_values(b)) for b in bookings]
    )


async def update_booking(tenant: TenantConnection, booking: Booking) -> None:
    """Writes the whole booking; the caller holds its lock."""
    values = (getattr(booking, name) for name in _CHANGEABLE)
    await tenant.tx.execute(UPDATE, tenant.organization_id, booking.id, *values)


async def find_stamped(tenant: TenantConnection, stamps: Sequence[bytes]) -> dict[bytes, Booking]:
    """The bookings that still have these stamps, so are in the same state as then; by stamp."""
    ids = [UUID(bytes=stamp[:UUID_BYTES]) for stamp in stamps]
    rows = await tenant.tx.fetch(STAMPED, tenant.organization_id, ids)
    wanted = frozenset(stamps)
    return {row[-1]: booking_from(row) for row in rows if row[-1] in wanted}


async def count_seats_beside(
    tenant: TenantConnection, booking_ids: Sequence[UUID]
) -> dict[UUID, int]:
    """How many seats are taken in the group session of each booking, its own included."""
    if not booking_ids:
        return {}
    return dict(await tenant.tx.fetch(SEATS, tenant.organization_id, booking_ids))


async def list_booked_wall_clocks(
    tx: Tx, after: tuple[UUID, UUID], now: datetime, limit: int
) -> list[BookedWallClock]:
    """The next PENDING and CONFIRMED bookings in the future, of all organizations, after the given
    organization and booking ids. For housekeeping."""
    rows = await tx.fetch(CLOCKS, *after, now, limit)
    return [BookedWallClock(*row) for row in rows]


def booking_from(row: Any) -> Booking:
    values = list(row[: len(FIELDS)])
    hosts = values[_HOSTS_AT]
    values[_HOSTS_AT] = (
        () if hosts is None else tuple(Host(*host) for host in HOSTS_OF.decode(hosts))
    )
    values[_STATUS_AT] = _STATUS_NAMED[values[_STATUS_AT]]
    return Booking(*values)
