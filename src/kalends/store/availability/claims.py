"""Claims: taking time on schedules and releasing it. The exclusion constraint on `occupancies`
keeps claims from overlapping."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

from msgspec import Struct

from kalends.domain.booking import STORED_FIELDS, Booking, stored_values
from kalends.store.database import TenantConnection
from kalends.store.rows import parameters


def _claim(schedules: str) -> str:
    # Sorted by schedule and with ON CONFLICT DO NOTHING, it never deadlocks; a plain INSERT against
    # the constraint, or an unsorted one, does under a race. A booking waits for an absence that is
    # being entered. What it has read before that wait does not include the absence, so this
    # statement checks for absences once more.
    return f"""
INSERT INTO occupancies
    (organization_id, schedule_id, claim_id, booking_id, hold_id, starts_at, during, expires_at,
     event_type_id)
SELECT $1, wanted.id, $3, $4, $5, $6, tstzrange($7, $8), $9, $10
FROM unnest({schedules}) AS wanted (id)
WHERE NOT $11::boolean OR NOT EXISTS (
    SELECT FROM busy_times b
    WHERE b.organization_id = $1 AND b.schedule_id = wanted.id AND b.absence_id IS NOT NULL
      AND b.end_time > $7 AND b.start_time < $8)
ORDER BY wanted.id
ON CONFLICT DO NOTHING RETURNING schedule_id
"""


def _claim_for_booking(schedules: str) -> str:
    """The same statement, which also writes the booking's row if all of its time was free."""
    return f"""
WITH claimed AS ({_claim(schedules)}), booked AS (
    INSERT INTO bookings (organization_id, {", ".join(STORED_FIELDS)})
    SELECT $1, {parameters(12, len(STORED_FIELDS))}
    WHERE (SELECT count(*) FROM claimed) = cardinality({schedules}))
SELECT schedule_id FROM claimed
"""


# A generic plan for a list assumes ten schedules. For one that looks costlier than a plan of
# its own, so PostgreSQL would plan each claim anew; the generic plan for a single one is kept.
ONE: Final = "ARRAY[$2::uuid]"
ANY: Final = "$2::uuid[]"
CLAIM: Final = {ONE: _claim(ONE), ANY: _claim(ANY)}
CLAIM_FOR_BOOKING: Final = {ONE: _claim_for_booking(ONE), ANY: _claim_for_booking(ANY)}
# The same for several bookings on one schedule each; it returns those that have their time now.
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
DELETE FROM occupancies WHERE organization_id = $1 AND ctid = ANY(ARRAY(
    SELECT ctid FROM occupancies
    WHERE organization_id = $1 AND schedule_id = ANY($2::uuid[])
      AND during && tstzrange($3, $4) AND expires_at <= $5
    ORDER BY schedule_id, hold_id FOR UPDATE))
"""


# Stands for no event type, as NULL is what servers from before migration 0009 wrote.
NO_EVENT_TYPE: Final = UUID(int=0)


class ClaimOwner(Struct, frozen=True, kw_only=True):
    """The owner of a claim: a booking, or a hold that ends at `expires_at`."""

    booking_id: UUID | None = None
    hold_id: UUID | None = None
    expires_at: datetime | None = None


class Claim(ClaimOwner, frozen=True, kw_only=True):
    """A claim to make: `[begins, ends)`, buffers included, on each of the schedules. `booking` is
    the row to write along with it. If it `heeds_absences`, it takes no time within an absence."""

    claim_id: UUID
    schedule_ids: Sequence[UUID]
    starts_at: datetime
    begins: datetime
    ends: datetime
    event_type_id: UUID | None = None
    booking: Booking | None = None
    heeds_absences: bool = False


async def claim(tenant: TenantConnection, new: Claim, now: datetime) -> list[UUID]:
    """Takes the time on each schedule that has it free, and returns the schedules that do not. If
    it returns none, the booking was written too.

    If the time is not free at first, holds that have ended are deleted and the claim is tried
    again. If any schedule is returned, the caller has to roll back (to a savepoint, perhaps).
    """
    missing = await _insert(tenant, new)
    if missing:
        await _clear_ended(tenant, new, missing, now)
        missing = await _insert(tenant, new, missing)
    return missing


async def claim_several(tenant: TenantConnection, new: Sequence[Claim]) -> set[UUID]:
    """Takes time for bookings without an event type that take one schedule each, and returns those
    whose time was free. It deletes no holds that have ended; for the others `claim` may be tried.
    """
    rows = await tenant.tx.fetch(
        CLAIM_SEVERAL,
        tenant.organization_id,
        [new_claim.schedule_ids[0] for new_claim in new],
        [new_claim.claim_id for new_claim in new],
        [new_claim.booking_id for new_claim in new],
        [new_claim.starts_at for new_claim in new],
        [new_claim.begins for new_claim in new],
        [new_claim.ends for new_claim in new],
        NO_EVENT_TYPE,
    )
    return {row[0] for row in rows}


async def release(tenant: TenantConnection, booking_id: UUID) -> None:
    """Releases all the time that a booking takes."""
    await tenant.tx.execute(RELEASE, tenant.organization_id, booking_id)


async def _insert(
    tenant: TenantConnection, new: Claim, only: Sequence[UUID] | None = None
) -> list[UUID]:
    schedule_ids = new.schedule_ids if only is None else only
    count = ONE if len(schedule_ids) == 1 else ANY
    rows = await tenant.tx.fetch(
        (CLAIM if new.booking is None else CLAIM_FOR_BOOKING)[count],
        tenant.organization_id,
        schedule_ids[0] if count is ONE else schedule_ids,
        new.claim_id,
        new.booking_id,
        new.hold_id,
        new.starts_at,
        new.begins,
        new.ends,
        new.expires_at,
        new.event_type_id or NO_EVENT_TYPE,
        new.heeds_absences,
        *(stored_values(new.booking) if new.booking else ()),
    )
    taken = {row[0] for row in rows}
    return [schedule_id for schedule_id in schedule_ids if schedule_id not in taken]


async def _clear_ended(
    tenant: TenantConnection, new: Claim, schedule_ids: Sequence[UUID], now: datetime
) -> None:
    await tenant.tx.execute(
        CLEAR_ENDED, tenant.organization_id, schedule_ids, new.begins, new.ends, now
    )
