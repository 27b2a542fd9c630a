"""Lanes of mails: leasing them while the mail server works, and recording outcomes.

The delivery of a mail has the id of its row in `mails`, which is the organization's mailbox. The
statement that records an outcome updates that row too.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from kalends.domain.mail import Mail
from kalends.store.database import TenantConnection
from kalends.store.outbox.lanes import DueLane, Lease
from kalends.store.outbox.recording import (
    DeliveryOutcome,
    Recorded,
    record_outcomes,
    record_statement,
)
from kalends.store.rows import columns_of

# Nothing is leased while the server is left alone, and then little until it takes something. Mails
# are looked up by their key: in a young table, PostgreSQL read all of the organization's for each.
LEASE: Final = f"""
WITH due AS MATERIALIZED (
    SELECT l.endpoint_id, l.lane_id, now() + $4::interval AS until FROM webhook_lanes l
    WHERE l.organization_id = $1 AND l.channel = 'mail' AND l.waiting > 0 AND l.due_at <= now()
        AND NOT EXISTS (SELECT FROM channel_health WHERE channel = 'mail' AND resume_at > now())
    ORDER BY l.due_at
    LIMIT CASE WHEN EXISTS (SELECT FROM channel_health WHERE channel = 'mail')
        THEN $3::integer ELSE $2::integer END
    FOR UPDATE OF l SKIP LOCKED),
leased AS (
    UPDATE webhook_lanes l SET due_at = due.until FROM due
    WHERE l.organization_id = $1 AND l.endpoint_id = due.endpoint_id AND l.lane_id = due.lane_id
    RETURNING l.endpoint_id, l.lane_id, l.due_at)
SELECT t.endpoint_id, t.lane_id, t.due_at, d.delivery_id, coalesce(d.tries, 0),
    o.mode, d.expires_at, d.waits_since,
    (SELECT failing_since FROM channel_health WHERE channel = 'mail') AS failing_since,
    d.audience = 'host' AND NOT EXISTS (
        SELECT FROM memberships s JOIN users u ON u.id = s.user_id
        WHERE s.organization_id = $1 AND lower(u.email) = lower(d.recipient)) AS has_left,
    greatest(d.not_before - now(), interval '0') AS held_for,
    {columns_of(Mail, "d")}
FROM leased t JOIN organizations o ON o.id = $1
LEFT JOIN LATERAL (
    SELECT d.id AS delivery_id, d.tries, d.expires_at, d.created_at AS waits_since, d.not_before,
        {columns_of(Mail, "m")}
    FROM deliveries d CROSS JOIN LATERAL (
        SELECT * FROM mails m WHERE m.organization_id = $1 AND m.id = d.id OFFSET 0) m
    WHERE d.organization_id = $1 AND d.endpoint_id = t.endpoint_id AND d.lane_id = t.lane_id
        AND d.state = 'pending'
    ORDER BY d.number, d.id LIMIT 1) d ON true
"""
# If somebody has locked the mail, the outcome is recorded later, as with a locked lane.
RECORD: Final = record_statement(
    types=", $10::text[], $11::text[]",
    names=", mail_state, error",
    locks=""",
mailbox AS MATERIALIZED (
    SELECT m.id FROM outcome o CROSS JOIN LATERAL (
        SELECT m.id FROM mails m WHERE m.organization_id = $1 AND m.id = o.id
        FOR NO KEY UPDATE SKIP LOCKED) m)""",
    locked="""
    JOIN mailbox USING (id)""",
    follows=""",
mailed AS (
    UPDATE mails m SET state = o.mail_state, error = o.error, done_at = $12
    FROM written JOIN outcome o USING (position)
    WHERE o.mail_state IS NOT NULL AND m.organization_id = $1 AND m.id = o.id)""",
)
# Locks the row of the lane until COMMIT, so that its messages are numbered in order.
NUMBER: Final = """
INSERT INTO webhook_lanes AS l
    (organization_id, endpoint_id, lane_id, channel, waiting, due_at, last_number)
VALUES ($1, $2, $3, 'mail', 1, now(), 1)
ON CONFLICT (organization_id, endpoint_id, lane_id) DO UPDATE
SET waiting = l.waiting + 1, last_number = l.last_number + 1,
    due_at = CASE WHEN l.waiting <= 0 THEN excluded.due_at ELSE l.due_at END
RETURNING last_number
"""
# The mail follows from no event, so its own id stands in for the event's.
INSERT: Final = """
INSERT INTO deliveries (organization_id, id, endpoint_id, event_id, type, lane_id, number, state,
    created_at, channel, expires_at)
VALUES ($1, $2, $3, $2, $4, $5, $6, 'pending', $7, 'mail', $8)
"""


class DueMail(DueLane, frozen=True):
    """A leased lane with its first mail. The mail is never sent after `expires_at`, nor while it is
    `held_for` the video link of its booking. `failing_since` is since when the mail server takes
    nothing. `has_left` says that the recipient is no longer in the organization."""

    mode: str
    expires_at: datetime | None
    waits_since: datetime
    failing_since: datetime | None
    has_left: bool | None
    held_for: timedelta | None
    mail: Mail


class MailOutcome(DeliveryOutcome, frozen=True, kw_only=True):
    """The outcome of one attempt, and the mail's state that follows; None if the mail still waits.
    `error` says why the attempt failed."""

    lane: DueMail
    mail_state: str | None = None
    error: str | None = None


async def lease_due_mails(
    tenant: TenantConnection, room: int, room_failing: int, lease: timedelta
) -> list[DueMail]:
    """Leases up to `room` due lanes that nobody has locked, the longest due first; only up to
    `room_failing` while the mail server takes nothing.

    A lane in which nothing waits after all has a `delivery_id` of None.
    """
    rows = await tenant.tx.fetch(LEASE, tenant.organization_id, room, room_failing, lease)
    return [
        DueMail(*(tenant.organization_id, *row[:2], Lease(row[2]), *row[3:11], Mail(*row[11:])))
        for row in rows
    ]


async def record_mails(
    tenant: TenantConnection, outcomes: Sequence[MailOutcome], now: datetime
) -> Recorded:
    """Records outcomes, moves their lanes on, and sets the mails' states. It is idempotent."""
    states = [outcome.mail_state for outcome in outcomes]
    errors = [outcome.error for outcome in outcomes]
    return await record_outcomes(tenant, RECORD, outcomes, states, errors, now)


async def append_to_lane(
    tenant: TenantConnection,
    mail: Mail,
    destination_id: UUID,
    lane_id: UUID,
    expires_at: datetime | None,
) -> None:
    """Puts a mail that follows from no event at the end of its lane."""
    tx, organization_id = tenant.tx, tenant.organization_id
    number = await tx.fetchval(NUMBER, organization_id, destination_id, lane_id)
    place = destination_id, mail.kind, lane_id, number
    await tx.execute(INSERT, organization_id, mail.id, *place, mail.created_at, expires_at)
