"""Calendar feeds of schedules: the tokens of their secret addresses, and what the feeds show."""

from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from typing import Any, Final, NamedTuple
from uuid import UUID

from kalends.domain.booking import Booking
from kalends.domain.schedule import BusyTime
from kalends.domain.tenant_tokens import TokenKey
from kalends.store.availability.busy_times import COLUMNS as BUSY_TIME
from kalends.store.availability.busy_times import busy_time_from
from kalends.store.bookings.bookings import COLUMNS_BUT_METADATA as BOOKING
from kalends.store.bookings.bookings import booking_from
from kalends.store.database import TenantConnection, Tx

# The longest time that a booking may take: one that began before that has ended.
LONGEST_FEED_BOOKING: Final = timedelta(days=367)
# The most bookings, and the most busy times, that a feed shows: about fifty a day.
MOST_ROWS: Final = 20_000
# How many rows are decoded at once before other tasks get a turn.
FEED_ROWS_A_PIECE: Final = 250

# A schedule has one feed: a new address replaces the one before.
REPLACE: Final = """
INSERT INTO schedule_feeds (organization_id, schedule_id, token_hash, created_at, user_id)
VALUES ($1, $2, $3, $4, $5)
ON CONFLICT (organization_id, schedule_id) DO UPDATE SET token_hash = excluded.token_hash,
    created_at = excluded.created_at, user_id = excluded.user_id
"""
CREATED_AT: Final = """
SELECT created_at FROM schedule_feeds WHERE organization_id = $1 AND schedule_id = $2
"""
DELETE: Final = """
DELETE FROM schedule_feeds WHERE organization_id = $1 AND schedule_id = $2 RETURNING 1
"""
DELETE_OF_USER: Final = """
DELETE FROM schedule_feeds
WHERE organization_id = $1 AND user_id = $2 AND ($3::uuid IS NULL OR schedule_id = $3)
"""
FIND: Final = """
SELECT organization_id, schedule_id, created_at FROM schedule_feeds
WHERE organization_id = $1 AND token_hash = $2
"""
# For tokens from before migration 0018, which do not name their organization.
FIND_OLD: Final = """
SELECT organization_id, schedule_id, created_at FROM schedule_feeds WHERE token_hash = $1
"""
BOOKINGS: Final = f"""
SELECT {BOOKING} FROM bookings
WHERE organization_id = $1
    AND (schedule_id = $2 OR (cardinality(schedule_ids) > 1 AND schedule_ids @> ARRAY[$2::uuid]))
    AND status IN ('PENDING', 'CONFIRMED', 'COMPLETED')
    AND start_time >= $5 AND start_time < $4 AND end_time > $3
ORDER BY start_time, id LIMIT {MOST_ROWS}
"""
BUSY_TIMES: Final = f"""
SELECT {BUSY_TIME} FROM busy_times
WHERE organization_id = $1 AND schedule_id = $2
    AND tstzrange(start_time, end_time) && tstzrange($3, $4)
ORDER BY start_time, id LIMIT {MOST_ROWS}
"""

Span = tuple[datetime, datetime]


class NewFeed(NamedTuple):
    """A feed to be created; without a user it is an API key that creates it."""

    token_hash: bytes
    created_at: datetime
    user_id: UUID | None


async def replace_feed(tenant: TenantConnection, schedule_id: UUID, new: NewFeed) -> None:
    await tenant.tx.execute(REPLACE, tenant.organization_id, schedule_id, *new)


async def delete_feeds_of_user(
    tenant: TenantConnection, user_id: UUID, schedule_id: UUID | None = None
) -> None:
    """Revokes the feeds that the user created, of that schedule or, for None, of all."""
    await tenant.tx.execute(DELETE_OF_USER, tenant.organization_id, user_id, schedule_id)


async def find_feed(tenant: TenantConnection, schedule_id: UUID) -> datetime | None:
    """When the schedule's feed was created; None if it has none."""
    created_at: datetime | None = await tenant.tx.fetchval(
        CREATED_AT, tenant.organization_id, schedule_id
    )
    return created_at


async def delete_feed(tenant: TenantConnection, schedule_id: UUID) -> bool:
    """Revokes the schedule's feed; False if it has none."""
    return await tenant.tx.fetchval(DELETE, tenant.organization_id, schedule_id) is not None


async def find_feed_of_token(tx: Tx, key: TokenKey) -> tuple[UUID, UUID, datetime] | None:
    """The organization and schedule whose feed has the token, and when that was created."""
    if key.organization_id is None:
        row = await _find_old_feed(tx, key.token_hash)
    else:
        row = await tx.fetchrow(FIND, key.organization_id, key.token_hash)
    return None if row is None else (row[0], row[1], row[2])


async def _find_old_feed(tx: Tx, token_hash: bytes) -> Any:
    return await tx.fetchrow(FIND_OLD, token_hash)


async def read_bookings_of_feed(
    tenant: TenantConnection, schedule_id: UUID, span: Span
) -> AsyncIterator[list[Booking]]:
    """The bookings that take time of the schedule within the span, sorted by start and without
    metadata: the first MOST_ROWS, in pieces of FEED_ROWS_A_PIECE. Must run in a transaction, as it
    uses a cursor."""
    begun_after = span[0] - LONGEST_FEED_BOOKING
    cursor = await tenant.tx.cursor(
        BOOKINGS, tenant.organization_id, schedule_id, *span, begun_after
    )
    while rows := await cursor.fetch(FEED_ROWS_A_PIECE):
        yield [booking_from(row) for row in rows]


async def read_busy_times_of_feed(
    tenant: TenantConnection, schedule_id: UUID, span: Span
) -> AsyncIterator[list[BusyTime]]:
    """The busy times that overlap the span, sorted by start; with the same limit and pieces."""
    cursor = await tenant.tx.cursor(BUSY_TIMES, tenant.organization_id, schedule_id, *span)
    while rows := await cursor.fetch(FEED_ROWS_A_PIECE):
        yield [busy_time_from(row) for row in rows]
