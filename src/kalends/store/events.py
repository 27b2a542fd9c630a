"""Events as rows, numbered in order within their organization."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

from msgspec import Raw, Struct

from kalends.store.database import Tx

# The last statement of a transaction. The counter's row is locked from here to COMMIT, so
# numbers become visible in their order and a reader by cursor never misses a late one.
APPEND: Final = """
WITH counter AS (
    UPDATE event_counters SET last_number = last_number + cardinality($2::uuid[])
    WHERE organization_id = $1 RETURNING last_number - cardinality($2::uuid[]) AS before)
INSERT INTO events
    (organization_id, number, id, type, booking_id, data, override, actor, created_at)
SELECT $1, counter.before + ordinal, id, type, booking_id, data, override, $7, $8
FROM counter, unnest($2::uuid[], $3::text[], $4::uuid[], $5::json[], $6::boolean[])
    WITH ORDINALITY AS happened (id, type, booking_id, data, override, ordinal)
"""


class Event(Struct, frozen=True, kw_only=True):
    """Something that happened to a booking; `data` is the booking as the API shows it."""

    id: UUID
    type: str
    booking_id: UUID
    data: Raw
    override: bool = False


async def append_events(
    organization_id: UUID, tx: Tx, events: Sequence[Event], actor: str, now: datetime
) -> None:
    """Numbers the events and writes them. Must be the transaction's last statement."""
    await tx.execute(
        APPEND,
        organization_id,
        [event.id for event in events],
        [event.type for event in events],
        [event.booking_id for event in events],
        [event.data for event in events],
        [event.override for event in events],
        actor,
        now,
    )
