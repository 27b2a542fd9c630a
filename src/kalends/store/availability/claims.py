"""Time taken on a schedule: the rows that the exclusion constraint keeps apart."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

from msgspec import Struct

from kalends.store.database import TenantConnection

# Sorted by schedule and with ON CONFLICT DO NOTHING: a plain INSERT against the constraint, or
# an unsorted one, deadlocks under a race; this one never does.
CLAIM: Final = """
INSERT INTO occupancies
    (organization_id, schedule_id, claim_id, booking_id, hold_id, starts_at, during, expires_at,
     event_type_id)
SELECT $1, schedule_id, $3, $4, $5, $6, tstzrange($7, $8), $9, $10
FROM unnest($2::uuid[]) AS schedule_id ORDER BY schedule_id
ON CONFLICT DO NOTHING RETURNING schedule_id
"""
# The same for bookings of one schedule each: those that are given back have their time.
CLAIM_SEVERAL: Final = """
INSERT INTO occupancies
    (organization_id, schedule_id, claim_id, booking_id, starts_at, during, event_type_id)
SELECT $1, schedule_id, claim_id, booking_id, starts_at, tstzrange(begins, ends), $8
FROM unnest($2::uuid[], $3::uuid[], $4::uuid[], $5::timestamptz[], $6::timestamptz[],
    $7::timestamptz[])
    AS wanted (schedule_id, claim_id, booking_id, starts_at, begins, ends)
ORDER BY schedule_id, begins
ON CONFLICT DO NOTHING RETURNING booking_id
"""
RELEASE: Final = "DELETE FROM occupancies WHERE organization_id = $1 AND booking_id = $2"
CLEAR_ENDED: Final = """
DELETE FROM occupancies WHERE ctid = ANY(ARRAY(
    SELECT ctid FROM occupancies
    WHERE organization_id = $1 AND schedule_id = ANY($2::uuid[])
      AND during && tstzrange($3, $4) AND expires_at <= $5
    ORDER BY schedule_id, hold_id FOR UPDATE))
"""


# For what is booked without one: only servers before 0009 name nothing.
NO_EVENT_TYPE: Final = UUID(int=0)


class ClaimedFor(Struct, frozen=True, kw_only=True):
    """What takes the time: a booking, or a hold that ends at `expires_at`."""

    booking_id: UUID | None = None
    hold_id: UUID | None = None
    expires_at: datetime | None = None


class Claim(ClaimedFor, frozen=True, kw_only=True):
    """What is to be taken: `[begins, ends)` with the buffers, on each of the schedules."""

    claim_id: UUID
    schedule_ids: Sequence[UUID]
    starts_at: datetime
    begins: datetime
    ends: datetime
    event_type_id: UUID | None = None


async def claim(tenant: TenantConnection, new: Claim, now: datetime) -> list[UUID]:
    """Takes the time on every schedule that has it free and returns those that did not.

    A hold that has ended is cleared out of the way first, where something is in the way. Where
    anything is returned, the caller rolls back (the transaction, or a savepoint).
    """
    missing = await _insert(tenant, new)
    if missing:
        await _clear_ended(tenant, new, missing, now)
        missing = await _insert(tenant, new, missing)
    return missing


async def claim_several(tenant: TenantConnection, new: Sequence[Claim]) -> set[UUID]:
    """Takes the time of bookings without an event type that take one schedule each, where it is
    free, and returns which of them have it now. Nothing is cleared out of the way: the others may
    ask `claim`."""
    rows = await tenant.tx.fetch(
        CLAIM_SEVERAL,
        tenant.organization_id,
        [one.schedule_ids[0] for one in new],
        [one.claim_id for one in new],
        [one.booking_id for one in new],
        [one.starts_at for one in new],
        [one.begins for one in new],
        [one.ends for one in new],
        NO_EVENT_TYPE,
    )
    return {row[0] for row in rows}


async def release(tenant: TenantConnection, booking_id: UUID) -> None:
    """Gives back all the time that a booking takes."""
    await tenant.tx.execute(RELEASE, tenant.organization_id, booking_id)


async def _insert(
    tenant: TenantConnection, new: Claim, only: Sequence[UUID] | None = None
) -> list[UUID]:
    schedule_ids = new.schedule_ids if only is None else only
    rows = await tenant.tx.fetch(
        CLAIM,
        tenant.organization_id,
        schedule_ids,
        new.claim_id,
        new.booking_id,
        new.hold_id,
        new.starts_at,
        new.begins,
        new.ends,
        new.expires_at,
        new.event_type_id or NO_EVENT_TYPE,
    )
    taken = {row[0] for row in rows}
    return [schedule_id for schedule_id in schedule_ids if schedule_id not in taken]


async def _clear_ended(
    tenant: TenantConnection, new: Claim, schedule_ids: Sequence[UUID], now: datetime
) -> None:
    await tenant.tx.execute(
        CLEAR_ENDED, tenant.organization_id, schedule_ids, new.begins, new.ends, now
    )
