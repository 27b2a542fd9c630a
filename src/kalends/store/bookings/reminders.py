"""Reminders as rows: when the attendee of a booking is to be reminded."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from msgspec import Struct

from kalends.store.database import TenantConnection, Tx

MINUTES: Final = """
SELECT reminders_minutes_before FROM event_types WHERE organization_id = $1 AND id = $2
"""
PLAN: Final = """
WITH gone AS (
    DELETE FROM reminders
    WHERE organization_id = $1 AND booking_id = $2 AND minutes_before <> ALL($3::integer[])),
planned AS (
    INSERT INTO reminders (organization_id, booking_id, minutes_before, remind_at)
    SELECT $1, $2, * FROM unnest($3::integer[], $4::timestamptz[])
    ON CONFLICT (organization_id, booking_id, minutes_before) DO UPDATE
    SET remind_at = excluded.remind_at)
SELECT
"""
DROP: Final = "DELETE FROM reminders WHERE organization_id = $1 AND booking_id = $2"
# Over all organizations, for housekeeping.
DUE: Final = """
SELECT r.organization_id, o.mode, r.booking_id, r.minutes_before
FROM reminders r JOIN organizations o ON o.id = r.organization_id
WHERE r.remind_at <= $1 AND r.organization_id <> ALL($3::uuid[]) ORDER BY r.remind_at LIMIT $2
"""
TAKE: Final = """
DELETE FROM reminders
WHERE organization_id = $1 AND booking_id = $2 AND minutes_before = $3 AND remind_at <= $4
RETURNING 1
"""


class DueReminder(Struct, frozen=True):
    organization_id: UUID
    mode: str
    booking_id: UUID
    minutes_before: int


async def find_reminder_minutes(tenant: TenantConnection, event_type_id: UUID) -> list[int]:
    """How many minutes before a start the event type's reminders are due."""
    minutes: list[int] = await tenant.tx.fetchval(MINUTES, tenant.organization_id, event_type_id)
    return minutes or []


async def plan_reminders(
    tenant: TenantConnection,
    booking_id: UUID,
    minutes_before: Sequence[int],
    starts_at: datetime,
    now: datetime,
) -> None:
    """Replaces the reminders of the booking by those due so many minutes before the start. One that
    would be due in the past is left out: the booking was made too late for it."""
    times = {minutes: starts_at - timedelta(minutes=minutes) for minutes in minutes_before}
    planned = {minutes: remind_at for minutes, remind_at in times.items() if remind_at > now}
    place = tenant.organization_id, booking_id
    await tenant.tx.execute(PLAN, *place, list(planned), list(planned.values()))


async def drop_reminders(tenant: TenantConnection, booking_id: UUID) -> None:
    await tenant.tx.execute(DROP, tenant.organization_id, booking_id)


async def list_due(tx: Tx, now: datetime, limit: int, without: Sequence[UUID]) -> list[DueReminder]:
    """The due reminders of all organizations but those in `without`, the longest due first."""
    return [DueReminder(*row) for row in await tx.fetch(DUE, now, limit, without)]


async def delete_reminder(tenant: TenantConnection, due: DueReminder, now: datetime) -> bool:
    """Deletes a due reminder; False if somebody else did, or if it is due later by now."""
    deleted = await tenant.tx.fetchval(
        TAKE, tenant.organization_id, due.booking_id, due.minutes_before, now
    )
    return deleted is not None
