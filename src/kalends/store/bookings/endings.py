"""Bookings whose time has come to end by themselves, over all organizations; housekeeping.

The rules of an event type that was deleted since still hold for its bookings.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

from msgspec import Struct

from kalends.domain.access import Mode
from kalends.store.database import Tx

ENDINGS_A_BATCH: Final = 200

TO_EXPIRE: Final = """
SELECT o.id, o.mode, due.id, due.version FROM event_types t
JOIN organizations o ON o.id = t.organization_id
CROSS JOIN LATERAL (
    SELECT b.id, b.version FROM bookings b
    WHERE b.organization_id = t.organization_id AND b.event_type_id = t.id
        AND b.status = 'PENDING' AND b.start_time <= $1
    ORDER BY b.start_time LIMIT $2) due
WHERE t.expire_pending AND o.id <> ALL($3::uuid[]) LIMIT $2
"""
TO_COMPLETE: Final = """
SELECT o.id, o.mode, due.id, due.version FROM event_types t
JOIN organizations o ON o.id = t.organization_id
CROSS JOIN LATERAL (
    SELECT b.id, b.version FROM bookings b
    WHERE b.organization_id = t.organization_id AND b.event_type_id = t.id
        AND b.status = 'CONFIRMED'
        AND b.end_time <= $1::timestamptz - make_interval(mins => t.complete_after_minutes)
    ORDER BY b.end_time LIMIT $2) due
WHERE t.complete_after_minutes IS NOT NULL AND o.id <> ALL($3::uuid[]) LIMIT $2
"""


class DueEnding(Struct, frozen=True):
    """A booking that is to end, in the version that says so."""

    organization_id: UUID
    mode: Mode
    booking_id: UUID
    version: int


async def list_to_expire(tx: Tx, now: datetime, without: Sequence[UUID]) -> list[DueEnding]:
    """Some PENDING bookings whose start has passed, of event types with `expire_pending`; none of
    the organizations in `without`."""
    return [_due(*row) for row in await tx.fetch(TO_EXPIRE, now, ENDINGS_A_BATCH, without)]


async def list_to_complete(tx: Tx, now: datetime, without: Sequence[UUID]) -> list[DueEnding]:
    """Some CONFIRMED bookings whose end lies `complete_after_minutes` of their event type back;
    none of the organizations in `without`."""
    return [_due(*row) for row in await tx.fetch(TO_COMPLETE, now, ENDINGS_A_BATCH, without)]


def _due(organization_id: UUID, mode: str, booking_id: UUID, version: int) -> DueEnding:
    return DueEnding(organization_id, Mode(mode), booking_id, version)
