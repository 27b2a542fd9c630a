"""Finds bookings that are due to expire or to be completed by themselves, for housekeeping.

The queries cover all organizations. The rules of an event type also apply to its bookings after it
was deleted.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

from msgspec import Struct

from kalends.domain.access import Mode
from kalends.store.database import Tx

ENDINGS_A_BATCH: Final = 200


def _endings(status: str, starts_or_ends: str, moment: str, event_types: str) -> str:
    """Selects at most $2 bookings with the status whose column is not after the moment, the oldest
    first; of event types `t` that meet the condition, and of no organization in $3."""
    return f"""
SELECT o.id, o.mode, due.id, due.version FROM event_types t
JOIN organizations o ON o.id = t.organization_id
CROSS JOIN LATERAL (
    SELECT b.id, b.version FROM bookings b
    WHERE b.organization_id = t.organization_id AND b.event_type_id = t.id
        AND b.status = '{status}' AND b.{starts_or_ends} <= {moment}
    ORDER BY b.{starts_or_ends} LIMIT $2) due
WHERE {event_types} AND o.id <> ALL($3::uuid[]) LIMIT $2
"""


TO_EXPIRE: Final = _endings("PENDING", "start_time", "$1", "t.expire_pending")
TO_COMPLETE: Final = _endings(
    "CONFIRMED",
    "end_time",
    "$1::timestamptz - make_interval(mins => t.complete_after_minutes)",
    "t.complete_after_minutes IS NOT NULL",
)


class DueEnding(Struct, frozen=True):
    """A booking that is due to end, and the version in which it was found so."""

    organization_id: UUID
    mode: Mode
    booking_id: UUID
    version: int


async def list_to_expire(tx: Tx, now: datetime, without: Sequence[UUID]) -> list[DueEnding]:
    """A batch of PENDING bookings whose start has passed, of event types with `expire_pending`, and
    not of the organizations in `without`."""
    return [_due(*row) for row in await tx.fetch(TO_EXPIRE, now, ENDINGS_A_BATCH, without)]


async def list_to_complete(tx: Tx, now: datetime, without: Sequence[UUID]) -> list[DueEnding]:
    """A batch of CONFIRMED bookings that ended at least `complete_after_minutes` of their event
    type ago, and not of the organizations in `without`."""
    return [_due(*row) for row in await tx.fetch(TO_COMPLETE, now, ENDINGS_A_BATCH, without)]


def _due(organization_id: UUID, mode: str, booking_id: UUID, version: int) -> DueEnding:
    return DueEnding(organization_id, Mode(mode), booking_id, version)
