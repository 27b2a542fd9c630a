"""Absences as rows, with their busy times and the bookings that they affect."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from msgspec import structs

from kalends.domain.absence import Absence, AbsenceOwner, Action, CountedAbsence, Decided, Decision
from kalends.domain.booking import Booking
from kalends.domain.ids import new_id
from kalends.store.bookings.bookings import COLUMNS, booking_from
from kalends.store.database import TenantConnection
from kalends.store.rows import columns_of, find_one, insert_into, page_of

FIELDS: Final = Absence.__struct_fields__

OF_USER: Final = """
SELECT id FROM schedules
WHERE organization_id = $1 AND user_id = $2 AND deleted_at IS NULL ORDER BY id
"""
INSERT: Final = insert_into("absences", Absence)
UPDATE: Final = """
UPDATE absences SET start_time = $3, end_time = $4, reason = $5
WHERE organization_id = $1 AND id = $2
"""
DELETE: Final = "DELETE FROM absences WHERE organization_id = $1 AND id = $2"
INSERT_BUSY: Final = """
INSERT INTO busy_times
    (organization_id, id, schedule_id, start_time, end_time, reason, created_at, absence_id)
SELECT $1, wanted.id, wanted.schedule_id, $4, $5, $6, $7, $8
FROM unnest($2::uuid[], $3::uuid[]) AS wanted (id, schedule_id)
"""
MOVE_BUSY: Final = """
UPDATE busy_times SET start_time = $4, end_time = $5, reason = $6
WHERE organization_id = $1 AND schedule_id = ANY($2::uuid[]) AND absence_id = $3
"""
DELETE_BUSY: Final = """
DELETE FROM busy_times
WHERE organization_id = $1 AND schedule_id = ANY($2::uuid[]) AND absence_id = $3
"""
FORGET: Final = "DELETE FROM absence_decisions WHERE organization_id = $1 AND absence_id = $2"
HOLDS: Final = """
SELECT DISTINCT hold_id FROM occupancies
WHERE organization_id = $1 AND schedule_id = ANY($2::uuid[]) AND hold_id IS NOT NULL
  AND during && tstzrange($3, $4)
"""
# An absence affects a booking whose claim, buffers included, overlaps it.
_MET: Final = """
    organization_id = $1 AND status IN ('PENDING', 'CONFIRMED') AND id IN (
        SELECT o.booking_id FROM occupancies o
        WHERE o.organization_id = $1 AND o.schedule_id = ANY({ids}) AND o.booking_id IS NOT NULL
          AND o.during && tstzrange({start}, {end}))"""
_MET_BY: Final = _MET.format(ids="a.schedule_ids", start="a.start_time", end="a.end_time")
# A booking that was reassigned or cancelled, and is affected again since, is open again.
_COUNTED: Final = f"""{columns_of(Absence, "a")},
    ARRAY(
        SELECT b.id FROM busy_times b
        WHERE b.organization_id = $1 AND b.schedule_id = ANY(a.schedule_ids)
          AND b.absence_id = a.id ORDER BY b.id) AS busy_time_ids,
    (SELECT count(*) FROM bookings WHERE {_MET_BY}) AS affected_total,
    (SELECT count(*) FROM bookings WHERE {_MET_BY} AND NOT EXISTS (
        SELECT FROM absence_decisions d
        WHERE d.organization_id = $1 AND d.absence_id = a.id AND d.booking_id = bookings.id
          AND d.action IN ('offer', 'keep'))) AS open_total"""
GET: Final = f"SELECT {_COUNTED} FROM absences a WHERE a.organization_id = $1 AND a.id = $2"
LOCK_ONE: Final = f"""
SELECT {columns_of(Absence)} FROM absences WHERE organization_id = $1 AND id = $2 FOR UPDATE
"""
LIST: Final = page_of(
    "absences a",
    _COUNTED,
    "a.organization_id = $1 AND ($2::uuid IS NULL OR $2 = ANY(a.schedule_ids))"
    " AND ($3::uuid IS NULL OR a.user_id = $3)"
    " AND ($4::timestamptz IS NULL OR a.end_time > $4)"
    " AND ($5::uuid[] IS NULL OR a.schedule_ids <@ $5)",
    order="start_time, id",
    parameters=5,
)
_OF_ABSENCE: Final = _MET.format(ids="$2::uuid[]", start="$3", end="$4")
AFFECTED: Final = f"""
SELECT {COLUMNS} FROM bookings WHERE {_OF_ABSENCE}
ORDER BY start_time, id LIMIT $5 OFFSET $6
"""
COUNT: Final = f"SELECT count(*) FROM bookings WHERE {_OF_ABSENCE}"
MET: Final = f"SELECT {COLUMNS} FROM bookings WHERE {_OF_ABSENCE} AND id = ANY($5::uuid[])"
DECIDED: Final = f"""
SELECT booking_id, {columns_of(Decided)} FROM absence_decisions
WHERE organization_id = $1 AND absence_id = $2 AND booking_id = ANY($3::uuid[])
"""
DECIDE: Final = """
INSERT INTO absence_decisions
    (organization_id, absence_id, booking_id, action, schedule_id, decided_at)
VALUES ($1, $2, $3, $4, $5, $6)
ON CONFLICT (organization_id, absence_id, booking_id)
DO UPDATE SET action = $4, schedule_id = $5, decided_at = $6
"""


async def list_schedule_ids_of_user(tenant: TenantConnection, user_id: UUID) -> list[UUID]:
    return [row[0] for row in await tenant.tx.fetch(OF_USER, tenant.organization_id, user_id)]


async def insert_absence(tenant: TenantConnection, absence: Absence) -> None:
    """Writes the absence, and a busy time on each of its schedules."""
    await tenant.tx.execute(INSERT, tenant.organization_id, *structs.astuple(absence))
    await tenant.tx.execute(
        INSERT_BUSY,
        tenant.organization_id,
        [new_id() for _ in absence.schedule_ids],
        absence.schedule_ids,
        absence.start_time,
        absence.end_time,
        absence.reason,
        absence.created_at,
        absence.id,
    )


async def update_absence(tenant: TenantConnection, absence: Absence) -> None:
    """Writes the span and reason of the absence, and of its busy times."""
    changed = absence.start_time, absence.end_time, absence.reason
    await tenant.tx.execute(UPDATE, tenant.organization_id, absence.id, *changed)
    await tenant.tx.execute(
        MOVE_BUSY, tenant.organization_id, absence.schedule_ids, absence.id, *changed
    )


async def delete_absence(tenant: TenantConnection, absence: Absence) -> None:
    """Deletes the absence with its busy times and its decisions."""
    await tenant.tx.execute(DELETE_BUSY, tenant.organization_id, absence.schedule_ids, absence.id)
    await tenant.tx.execute(FORGET, tenant.organization_id, absence.id)
    await tenant.tx.execute(DELETE, tenant.organization_id, absence.id)


async def list_met_holds(tenant: TenantConnection, absence: Absence) -> list[UUID]:
    rows = await tenant.tx.fetch(HOLDS, tenant.organization_id, *_span(absence))
    return [row[0] for row in rows]


async def find_absence(tenant: TenantConnection, absence_id: UUID) -> CountedAbsence | None:
    return await find_one(tenant, GET, _counted, absence_id)


async def lock_absence(tenant: TenantConnection, absence_id: UUID) -> Absence | None:
    return await find_one(tenant, LOCK_ONE, _absence, absence_id)


async def list_absences(
    tenant: TenantConnection,
    owner: AbsenceOwner,
    ends_after: datetime | None,
    limit: int,
    offset: int,
    only: Collection[UUID] | None = None,
) -> tuple[list[CountedAbsence], int]:
    """A page sorted by start, then id, and the total. An `ends_after` of None includes the past;
    `only` leaves out absences that are on any other schedule."""
    among = None if only is None else list(only)
    arguments = owner.schedule_id, owner.user_id, ends_after, among, limit, offset
    rows = await tenant.tx.fetch(LIST, tenant.organization_id, *arguments)
    return [_counted(row) for row in rows if row["id"] is not None], rows[0]["total"]


async def list_affected(
    tenant: TenantConnection, absence: Absence, limit: int, offset: int
) -> tuple[list[Booking], int]:
    """The bookings that the absence affects: a page sorted by start, then id, and the total."""
    span = _span(absence)
    rows = await tenant.tx.fetch(AFFECTED, tenant.organization_id, *span, limit, offset)
    total: int = await tenant.tx.fetchval(COUNT, tenant.organization_id, *span)
    return [booking_from(row) for row in rows], total


async def find_met(
    tenant: TenantConnection, absence: Absence, booking_ids: Sequence[UUID]
) -> dict[UUID, Booking]:
    """Those of the bookings that the absence affects, by id."""
    rows = await tenant.tx.fetch(MET, tenant.organization_id, *_span(absence), booking_ids)
    found = [booking_from(row) for row in rows]
    return {booking.id: booking for booking in found}


async def find_decided(
    tenant: TenantConnection, absence_id: UUID, booking_ids: Sequence[UUID]
) -> dict[UUID, Decided]:
    """The last decision about each of the bookings, by booking id."""
    rows = await tenant.tx.fetch(DECIDED, tenant.organization_id, absence_id, booking_ids)
    return {row[0]: Decided(Action(row[1]), *row[2:]) for row in map(tuple, rows)}


async def save_decision(
    tenant: TenantConnection, absence_id: UUID, decision: Decision, now: datetime
) -> None:
    await tenant.tx.execute(
        DECIDE,
        tenant.organization_id,
        absence_id,
        decision.booking_id,
        decision.action.value,
        decision.schedule_id,
        now,
    )


def _span(absence: Absence) -> tuple[list[UUID], datetime, datetime]:
    return absence.schedule_ids, absence.start_time, absence.end_time


def _absence(row: Any) -> Absence:
    return Absence(**dict(zip(FIELDS, row, strict=False)))


def _counted(row: Any) -> CountedAbsence:
    values = list(row)[: len(FIELDS) + 3]
    return CountedAbsence(
        absence=_absence(values),
        busy_time_ids=values[-3],
        affected_total=values[-2],
        open_total=values[-1],
    )
