"""Links that open one booking without an account, as rows; only a token's SHA-256 is kept."""

from datetime import datetime
from typing import Final
from uuid import UUID

from kalends.store.database import Tx

INSERT: Final = """
INSERT INTO booking_links (token_hash, organization_id, booking_id, created_at)
VALUES ($1, $2, $3, $4)
"""
# A token belongs to no request's organization: this finds it.
FIND: Final = "SELECT organization_id, booking_id FROM booking_links WHERE token_hash = $1"
# Whether or not the event type was deleted since: its word stands for what was booked by it.
NOTICE: Final = """
SELECT cancellation_notice_minutes FROM event_types WHERE organization_id = $1 AND id = $2
"""


async def insert_link(
    organization_id: UUID, tx: Tx, token_hash: bytes, booking_id: UUID, now: datetime
) -> None:
    await tx.execute(INSERT, token_hash, organization_id, booking_id, now)


async def find_link(tx: Tx, token_hash: bytes) -> tuple[UUID, UUID] | None:
    """The organization and the booking that the link opens."""
    row = await tx.fetchrow(FIND, token_hash)
    return None if row is None else (row[0], row[1])


async def find_notice(organization_id: UUID, tx: Tx, event_type_id: UUID) -> int | None:
    """The event type's `cancellation_notice_minutes`."""
    minutes: int | None = await tx.fetchval(NOTICE, organization_id, event_type_id)
    return minutes
