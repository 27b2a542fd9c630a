"""Lanes of calendars elsewhere. Each is about what one calendar shows of a booking, or of the seats
that start together.

A delivery says only that something has changed. Whoever leases the lane reads the wanted state at
that moment, and a single outcome settles all deliveries that waited by then, up to `last_number`.

Lanes of a connection that is paused, or waits for a password, are parked; resuming the connection
makes them due.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from kalends.store.database import TenantConnection
from kalends.store.outbox.lanes import CappedLane, Caps, Lease, candidates
from kalends.store.outbox.recording import (
    DeliveryOutcome,
    Recorded,
    record_outcomes,
    record_statement,
)

# A lane whose calendar was deleted is leased too, so that it is settled.
LEASE: Final = f"""
WITH {candidates("calendar", past_locked=" FOR UPDATE SKIP LOCKED")},
due AS MATERIALIZED (
    SELECT r.endpoint_id, r.lane_id, k.connection_id,
        coalesce(c.state IN ('paused', 'reconnect'), false) AS is_parked, c.stale_since,
        now() + CASE WHEN c.state IN ('paused', 'reconnect') THEN interval '1 hour'
            ELSE $3::interval END AS until
    FROM ranked r
    LEFT JOIN calendars k ON k.organization_id = $1 AND k.id = r.endpoint_id
    LEFT JOIN calendar_connections c ON c.organization_id = $1 AND c.id = k.connection_id
    WHERE r.place <= CASE WHEN c.stale_since IS NULL THEN $5::integer ELSE $6::integer END
    ORDER BY r.due_at LIMIT $2),
taken AS (
    UPDATE webhook_lanes l SET due_at = due.until FROM due
    WHERE l.organization_id = $1 AND l.endpoint_id = due.endpoint_id AND l.lane_id = due.lane_id
    RETURNING l.endpoint_id, l.lane_id, l.due_at, due.is_parked, due.connection_id,
        due.stale_since, l.last_number)
SELECT t.endpoint_id, t.lane_id, t.due_at, d.id, d.tries, t.stale_since, t.connection_id,
    t.last_number, d.waits_since
FROM taken t
LEFT JOIN LATERAL (
    SELECT d.id, d.tries, d.created_at AS waits_since FROM deliveries d
    WHERE d.organization_id = $1 AND d.endpoint_id = t.endpoint_id AND d.lane_id = t.lane_id
        AND d.state = 'pending'
    ORDER BY d.number LIMIT 1) d ON true
WHERE NOT t.is_parked
"""
RECORD: Final = record_statement(
    types=", $10::bigint[]",
    names=", up_to",
    settled="""CASE WHEN w.state = 'pending' THEN 0 ELSE (
        SELECT count(*) FROM deliveries d JOIN outcome o ON o.position = w.position
        WHERE d.organization_id = $1 AND d.endpoint_id = l.endpoint_id AND d.lane_id = l.lane_id
            AND d.state = 'pending' AND d.number <= o.up_to) END""",
    follows=""",
settled AS (
    UPDATE deliveries d SET state = w.state FROM written w JOIN outcome o USING (position)
    WHERE d.organization_id = $1 AND d.endpoint_id = w.endpoint_id AND d.lane_id = w.lane_id
        AND d.state = 'pending' AND d.number <= o.up_to AND d.id <> o.id
        AND w.state <> 'pending')""",
)
# Wakes what waits because a server was away. A lane may be leased at this moment by somebody who
# also found the server away; then it is tried twice.
WAKE: Final = """
UPDATE webhook_lanes l SET due_at = now()
FROM calendars k
WHERE k.organization_id = $1 AND k.connection_id = $2
    AND l.organization_id = $1 AND l.channel = 'calendar' AND l.endpoint_id = k.id
    AND l.waiting > 0 AND l.due_at > now() + interval '1 minute'
"""
# This is longer than a lease, so it finds lanes that failed and are not leased.
WAKE_LANE: Final = """
UPDATE webhook_lanes SET due_at = now()
WHERE organization_id = $1 AND channel = 'calendar' AND endpoint_id = $2 AND lane_id = $3
    AND waiting > 0 AND due_at > now() + interval '30 seconds'
"""
WAKE_LANES: Final = """
UPDATE webhook_lanes l SET due_at = now()
FROM calendar_links k
WHERE k.organization_id = $1 AND k.subject_id = $2 AND k.calendar_id <> $3
    AND l.organization_id = $1 AND l.channel = 'calendar' AND l.endpoint_id = k.calendar_id
    AND l.lane_id = k.subject_id AND l.waiting > 0 AND l.due_at > now() + interval '1 minute'
"""
WANT: Final = "SELECT want_calendar_events_1($1, $2, NULL, $3)"
POKE: Final = "SELECT poke_calendar_lanes_1($1, $2, $3, $4)"


class DueCalendarLane(CappedLane, frozen=True):
    """A leased lane. Its destination is the calendar, and its lane id is the subject of links.
    `connection_id` is None if the calendar was deleted; `last_number` is that of the last delivery
    that waited when it was leased."""

    connection_id: UUID | None
    last_number: int
    waits_since: datetime | None

    @property
    def calendar_id(self) -> UUID:
        return self.destination_id


class CalendarOutcome(DeliveryOutcome, frozen=True, kw_only=True):
    """The outcome of one attempt to bring a calendar to the wanted state."""

    lane: DueCalendarLane


async def lease_due_calendars(
    tenant: TenantConnection, room: int, lease: timedelta, without: Sequence[UUID], caps: Caps
) -> list[DueCalendarLane]:
    """Leases up to `room` due lanes, the longest due first, and none of the calendars in `without`.
    A lane in which nothing waits after all has a `delivery_id` of None."""
    rows = await tenant.tx.fetch(
        LEASE, tenant.organization_id, room, lease, without, caps.working, caps.failing
    )
    return [
        DueCalendarLane(*(tenant.organization_id, *row[:2], Lease(row[2]), *row[3:]))
        for row in rows
    ]


async def record_calendars(
    tenant: TenantConnection, outcomes: Sequence[CalendarOutcome]
) -> Recorded:
    """Records outcomes, each for all deliveries that waited when its lane was leased."""
    numbers = [outcome.lane.last_number for outcome in outcomes]
    return await record_outcomes(tenant, RECORD, outcomes, numbers)


async def want_events(tenant: TenantConnection, booking_ids: Sequence[UUID], now: datetime) -> bool:
    """Puts deliveries for the bookings into the lanes of their calendars; returns whether there is
    anything to do. Must be the transaction's last statement."""
    is_any: bool = await tenant.tx.fetchval(WANT, tenant.organization_id, booking_ids, now)
    return is_any


async def poke_lanes(
    tenant: TenantConnection, places: Sequence[tuple[UUID, UUID]], now: datetime
) -> None:
    """Puts one delivery into the lane of each pair of calendar and subject of links."""
    if places:
        calendar_ids, subject_ids = (list(column) for column in zip(*places, strict=True))
        await tenant.tx.execute(POKE, tenant.organization_id, calendar_ids, subject_ids, now)


async def wake_connection(tenant: TenantConnection, connection_id: UUID) -> None:
    """Makes all lanes of the connection due now."""
    await tenant.tx.execute(WAKE, tenant.organization_id, connection_id)


async def wake_lane(tenant: TenantConnection, calendar_id: UUID, subject_id: UUID) -> None:
    """Makes a lane that has failed due now."""
    await tenant.tx.execute(WAKE_LANE, tenant.organization_id, calendar_id, subject_id)


async def wake_other_calendars(
    tenant: TenantConnection, subject_id: UUID, calendar_id: UUID
) -> None:
    """Makes the lanes of the subject in other calendars due now."""
    await tenant.tx.execute(WAKE_LANES, tenant.organization_id, subject_id, calendar_id)
