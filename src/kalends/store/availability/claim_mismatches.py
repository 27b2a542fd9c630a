"""Finds claim mismatches in all organizations, for `kalends doctor`.

Each statement compares bookings and claims in one snapshot, and reads a limited number of rows
after a cursor, so that none takes long.
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
# A booking that takes time needs a row for each of its schedules, with its time and buffers, its
# start and its event type. Servers from before migration 0009 wrote no event type; a booking
# without one has the nil UUID.
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
# Rows of one claim may overlap, so they have to be seats of one session: with one start, the same
# schedules and one event type, or with no event type if both were imported, as Cal.com's seats are.
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
# The claim of the other seats in the booking's session, or in its row of Cal.com.
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
    """What is wrong with the claim of a booking on a schedule. The claim should be from `begins` to
    `ends`, and is from `lies_from` to `lies_until`."""

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
    """The mismatches among the next bookings after the cursor, and the next cursor; None at the
    end."""
    return await _next(tx, LAST_BOOKING, (OF_BOOKINGS,), after, limit)


async def find_mismatches_of_claims(
    tx: Tx, after: ClaimCursor, limit: int
) -> tuple[list[ClaimMismatch], ClaimCursor | None]:
    """The mismatches among the next claims of bookings after the cursor, and the next cursor."""
    return await _next(tx, LAST_CLAIM, (OF_CLAIMS, SHARED), after, limit)


async def find_blocker(
    tenant: TenantConnection, mismatch: ClaimMismatch, now: datetime
) -> tuple[UUID | None, UUID | None] | None:
    """The booking, or the hold, that has taken the time of a missing claim."""
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
    """The ids of a booking's claims, by schedule."""
    return dict(await tenant.tx.fetch(OWN, tenant.organization_id, booking_id))


async def find_claim_of_seats(
    tenant: TenantConnection,
    event_type_id: UUID,
    starts_at: datetime,
    schedule_ids: Sequence[UUID],
    booking_id: UUID,
) -> UUID | None:
    """The claim of the other seats in the session on these schedules."""
    claim_id: UUID | None = await tenant.tx.fetchval(
        OF_SEATS, tenant.organization_id, event_type_id, starts_at, schedule_ids, booking_id
    )
    return claim_id


async def find_imported_seat(tenant: TenantConnection, booking_id: UUID) -> str | None:
    """The uid of the imported row that the booking is a seat of; None if it was not imported."""
    uid: str | None = await tenant.tx.fetchval(IMPORTED_SEAT, tenant.organization_id, booking_id)
    return uid


async def lock_booking(tenant: TenantConnection, booking_id: UUID) -> None:
    """Locks the booking against other changes until the transaction ends."""
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
