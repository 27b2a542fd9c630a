"""Bookings and their claims compared, over all organizations, as an operator asks for it.

Each statement sees bookings and claims in one snapshot, and reads so many rows from a place on that
none takes long.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

from msgspec import Struct

from kalends.store.availability.claims import NO_EVENT_TYPE
from kalends.store.database import TenantConnection, Tx

ClaimCursor = tuple[UUID, UUID]

LAST_BOOKING: Final = """
SELECT organization_id, id FROM (
    SELECT organization_id, id FROM bookings WHERE (organization_id, id) > ($1, $2)
    ORDER BY organization_id, id LIMIT $3) page
ORDER BY organization_id DESC, id DESC LIMIT 1
"""
# Of a booking that takes time: each schedule needs a row with its time and its buffers, under its
# start and its event type. Servers before 0009 name no event type, and none is the first id.
OF_BOOKINGS: Final = f"""
SELECT CASE WHEN o.booking_id IS NULL THEN 'missing'
        WHEN NOT o.during @> tstzrange(w.start_time, w.end_time) THEN 'other time'
        WHEN o.during <> tstzrange(w.begins, w.ends) THEN 'other buffers'
        WHEN o.starts_at <> w.start_time THEN 'other start' ELSE 'other event type' END,
    w.organization_id, w.id, w.schedule_id, w.begins, w.ends, lower(o.during), upper(o.during)
FROM (
    SELECT organization_id, id, start_time, end_time, unnest(schedule_ids) AS schedule_id,
        coalesce(event_type_id, '{NO_EVENT_TYPE}') AS event_type_id,
        start_time - make_interval(mins => buffer_before) AS begins,
        end_time + make_interval(mins => buffer_after) AS ends
    FROM bookings
    WHERE (organization_id, id) > ($1, $2) AND (organization_id, id) <= ($3, $4)
      AND status IN ('PENDING', 'CONFIRMED', 'COMPLETED') AND NOT conflict) w
LEFT JOIN occupancies o ON o.organization_id = w.organization_id AND o.booking_id = w.id
    AND o.schedule_id = w.schedule_id
WHERE o.booking_id IS NULL OR o.starts_at <> w.start_time
    OR o.during <> tstzrange(w.begins, w.ends) OR o.event_type_id <> w.event_type_id
UNION ALL
SELECT 'several claims', organization_id, booking_id, (array_agg(schedule_id))[1],
    min(lower(during)), max(upper(during)), NULL, NULL
FROM occupancies
WHERE booking_id IS NOT NULL
  AND (organization_id, booking_id) > ($1, $2) AND (organization_id, booking_id) <= ($3, $4)
GROUP BY organization_id, booking_id HAVING count(DISTINCT claim_id) > 1
ORDER BY 2, 3, 4
"""
LAST_CLAIM: Final = """
SELECT organization_id, booking_id FROM (
    SELECT organization_id, booking_id FROM occupancies
    WHERE booking_id IS NOT NULL AND (organization_id, booking_id) > ($1, $2)
    ORDER BY organization_id, booking_id LIMIT $3) page
ORDER BY organization_id DESC, booking_id DESC LIMIT 1
"""
OF_CLAIMS: Final = """
SELECT CASE WHEN b.id IS NULL THEN 'no booking'
        WHEN b.status NOT IN ('PENDING', 'CONFIRMED', 'COMPLETED') OR b.conflict THEN 'not taken'
        ELSE 'other schedule' END,
    o.organization_id, o.booking_id, o.schedule_id, lower(o.during), upper(o.during), NULL, NULL
FROM occupancies o
LEFT JOIN bookings b ON b.organization_id = o.organization_id AND b.id = o.booking_id
WHERE o.booking_id IS NOT NULL
  AND (o.organization_id, o.booking_id) > ($1, $2) AND (o.organization_id, o.booking_id) <= ($3, $4)
  AND (b.id IS NULL OR b.status NOT IN ('PENDING', 'CONFIRMED', 'COMPLETED') OR b.conflict
    OR o.schedule_id <> ALL (b.schedule_ids))
ORDER BY 2, 3, 4
"""
# Rows of one claim may overlap, so they have to be seats of one session: of one start, on the same
# schedules, and of one event type; or of none where both were brought in, as seats of Cal.com are.
SHARED: Final = """
SELECT 'shared claim', o.organization_id, o.booking_id, o.schedule_id, lower(o.during),
    upper(o.during), lower(p.during), upper(p.during)
FROM occupancies o
JOIN bookings b ON b.organization_id = o.organization_id AND b.id = o.booking_id
JOIN occupancies p ON p.organization_id = o.organization_id AND p.schedule_id = o.schedule_id
    AND p.during && o.during AND p.claim_id = o.claim_id AND p.booking_id > o.booking_id
JOIN bookings c ON c.organization_id = p.organization_id AND c.id = p.booking_id
WHERE (o.organization_id, o.booking_id) > ($1, $2) AND (o.organization_id, o.booking_id) <= ($3, $4)
  AND (b.event_type_id IS DISTINCT FROM c.event_type_id OR o.starts_at <> p.starts_at
    OR NOT (b.schedule_ids @> c.schedule_ids AND b.schedule_ids <@ c.schedule_ids)
    OR (b.event_type_id IS NULL
        AND (b.external_provider = c.external_provider) IS DISTINCT FROM true))
ORDER BY 2, 3, 4
"""
IN_THE_WAY: Final = """
SELECT booking_id, hold_id FROM occupancies
WHERE organization_id = $1 AND schedule_id = $2 AND during && tstzrange($3, $4)
  AND booking_id IS DISTINCT FROM $5 AND (expires_at IS NULL OR expires_at > $6)
ORDER BY during LIMIT 1
"""
OWN: Final = """
SELECT schedule_id, claim_id FROM occupancies WHERE organization_id = $1 AND booking_id = $2
"""
# The claim of the other seats of its session, or of its row of Cal.com.
OF_SEATS: Final = """
SELECT o.claim_id FROM bookings b
JOIN occupancies o ON o.organization_id = b.organization_id AND o.booking_id = b.id
WHERE b.organization_id = $1 AND b.event_type_id = $2 AND b.start_time = $3
  AND b.schedule_ids @> $4 AND b.schedule_ids <@ $4 AND b.id <> $5 LIMIT 1
"""
IMPORTED_SEAT: Final = """
SELECT uid FROM calcom_seats WHERE organization_id = $1 AND booking_id = $2 AND seat <> '' LIMIT 1
"""
LOCK_BOOKING: Final = "SELECT 1 FROM bookings WHERE organization_id = $1 AND id = $2 FOR UPDATE"


class ClaimMismatch(Struct, frozen=True):
    """What is wrong with the claim of a booking on a schedule. `begins` and `ends` are the time
    that is meant, `lies_from` and `lies_until` where it is instead."""

    kind: str
    organization_id: UUID
    booking_id: UUID
    schedule_id: UUID
    begins: datetime
    ends: datetime
    lies_from: datetime | None
    lies_until: datetime | None


async def find_mismatches_of_bookings(
    tx: Tx, after: ClaimCursor, limit: int
) -> tuple[list[ClaimMismatch], ClaimCursor | None]:
    """The mismatches of the next bookings behind that one, and where they end; None at the end."""
    return await _next(tx, LAST_BOOKING, (OF_BOOKINGS,), after, limit)


async def find_mismatches_of_claims(
    tx: Tx, after: ClaimCursor, limit: int
) -> tuple[list[ClaimMismatch], ClaimCursor | None]:
    """The mismatches of the next bookings' claims behind that one, and where they end."""
    return await _next(tx, LAST_CLAIM, (OF_CLAIMS, SHARED), after, limit)


async def find_blocker(
    tenant: TenantConnection, mismatch: ClaimMismatch, now: datetime
) -> tuple[UUID | None, UUID | None] | None:
    """The booking, or the hold, that has the time of a missing claim."""
    row = await tenant.tx.fetchrow(
        IN_THE_WAY,
        tenant.organization_id,
        mismatch.schedule_id,
        mismatch.begins,
        mismatch.ends,
        mismatch.booking_id,
        now,
    )
    return None if row is None else (row[0], row[1])


async def claims_of_booking(tenant: TenantConnection, booking_id: UUID) -> dict[UUID, UUID]:
    """The claims that a booking has, by schedule."""
    return dict(await tenant.tx.fetch(OWN, tenant.organization_id, booking_id))


async def find_claim_of_seats(
    tenant: TenantConnection,
    event_type_id: UUID,
    starts_at: datetime,
    schedule_ids: Sequence[UUID],
    booking_id: UUID,
) -> UUID | None:
    """The claim of the others in the session on these schedules."""
    claim_id: UUID | None = await tenant.tx.fetchval(
        OF_SEATS, tenant.organization_id, event_type_id, starts_at, schedule_ids, booking_id
    )
    return claim_id


async def find_imported_seat(tenant: TenantConnection, booking_id: UUID) -> str | None:
    """The uid of the row that the booking is a seat of, where it was imported."""
    uid: str | None = await tenant.tx.fetchval(IMPORTED_SEAT, tenant.organization_id, booking_id)
    return uid


async def lock_booking(tenant: TenantConnection, booking_id: UUID) -> None:
    """Nobody else changes the booking until the transaction ends."""
    await tenant.tx.execute(LOCK_BOOKING, tenant.organization_id, booking_id)


async def _next(
    tx: Tx, last_of: str, statements: Sequence[str], after: ClaimCursor, limit: int
) -> tuple[list[ClaimMismatch], ClaimCursor | None]:
    last = await tx.fetchrow(last_of, *after, limit)
    if last is None:
        return [], None
    mismatches = []
    for statement in statements:
        rows = await tx.fetch(statement, *after, *last)
        mismatches += [ClaimMismatch(*row) for row in rows]
    return mismatches, (last[0], last[1])
