"""Events as rows, numbered in order within their organization, and what is written with them."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

from msgspec import Raw, Struct

from kalends.domain.event import LoggedEvent
from kalends.store.database import TenantConnection, Tx
from kalends.store.rows import columns_of

# The counter's row is locked from here to COMMIT, so numbers become visible in their order and a
# reader by cursor never misses a late one; and the lanes of one booking fill in that order.
_INSERT_EVENTS: Final = """
WITH counter AS (
    UPDATE event_counters SET last_number = last_number + cardinality($2::uuid[])
    WHERE organization_id = $1 RETURNING last_number - cardinality($2::uuid[]) AS before),
happened AS (
    SELECT counter.before + ordinal AS number, happened.*
    FROM counter, unnest($2::uuid[], $3::text[], $4::uuid[], $5::json[], $6::integer[],
        $7::boolean[], $8::json[], $9::text[]) WITH ORDINALITY
        AS happened (id, type, booking_id, data, sequence, override, previous, actor_name,
            ordinal)),
written AS (
    INSERT INTO events (organization_id, number, id, type, booking_id, data, sequence, override,
        previous, actor_name, actor, created_at)
    SELECT $1, number, id, type, booking_id, data, sequence, override,
        previous, actor_name, $10, $11 FROM happened)"""
# Its id begins with the time of the event's, so that ids sort by it.
_DELIVERIES: Final = """,
delivery AS (
    INSERT INTO deliveries
        (organization_id, id, endpoint_id, event_id, type, lane_id, number, state, created_at)
    SELECT $1, encode(substr(uuid_send(h.id), 1, 8) || substr(uuid_send(gen_random_uuid()), 9),
        'hex')::uuid, w.id, h.id, h.type, h.booking_id, h.number, 'pending', $11
    FROM happened h JOIN webhook_endpoints w
        ON w.organization_id = $1 AND w.deleted_at IS NULL
        AND (w.events = '{}' OR h.type = ANY(w.events))
    RETURNING endpoint_id, lane_id),
lane AS (
    INSERT INTO webhook_lanes AS l (organization_id, endpoint_id, lane_id, waiting, due_at)
    SELECT $1, endpoint_id, lane_id, count(*), now() FROM delivery
    GROUP BY endpoint_id, lane_id ORDER BY endpoint_id, lane_id
    ON CONFLICT (organization_id, endpoint_id, lane_id) DO UPDATE
    SET waiting = l.waiting + excluded.waiting,
        due_at = CASE WHEN l.waiting <= 0 THEN excluded.due_at ELSE l.due_at END)"""
# A mail without a recipient is for the organization, if that wants any.
_MAILS: Final = """,
mail AS (
    INSERT INTO mails (organization_id, id, kind, audience, recipient, booking_id, event_number,
        state, created_at)
    SELECT $1, m.id, m.kind, m.audience, coalesce(m.recipient, o.notify_email), h.booking_id,
        h.number, 'queued', $11
    FROM unnest($12::uuid[], $13::text[], $14::text[], $15::text[], $16::bigint[])
        AS m (id, kind, audience, recipient, ordinal)
    JOIN happened h USING (ordinal) JOIN organizations o ON o.id = $1
    WHERE coalesce(m.recipient, o.notify_email) IS NOT NULL
    RETURNING id),
job AS (
    INSERT INTO pgqueuer (priority, status, entrypoint, payload)
    SELECT 0, 'queued', 'mail', convert_to($1::uuid || ' ' || string_agg(id::text, ' '), 'UTF8')
    FROM mail HAVING count(*) > 0)"""
_HAS_DELIVERIES: Final = "\nSELECT EXISTS (SELECT FROM delivery)"

# The last statement of a transaction.
APPEND: Final = _INSERT_EVENTS + _DELIVERIES + _HAS_DELIVERIES
APPEND_WITH_MAILS: Final = _INSERT_EVENTS + _DELIVERIES + _MAILS + _HAS_DELIVERIES
# Over all organizations that somebody looks at in one process: one small question.
COUNTERS: Final = """
SELECT organization_id, last_number FROM event_counters WHERE organization_id = ANY($1::uuid[])
"""
NUMBER: Final = "SELECT number FROM events WHERE organization_id = $1 AND id = $2"


class Event(Struct, frozen=True, kw_only=True):
    """Something that happened to a booking; `data` is the booking as the API shows it, `previous`
    the fields that changed, with their values before, `sequence` how often it had changed by
    then, `actor_name` the name of who did it, if that is known."""

    id: UUID
    type: str
    booking_id: UUID
    data: Raw
    previous: Raw
    actor_name: str | None
    sequence: int = 0
    override: bool = False


class NewMail(Struct, frozen=True, kw_only=True):
    """A mail about an event, which comes `ordinal`-th (from 1) among those written with it. None
    as recipient is the organization's notify address."""

    id: UUID
    kind: str
    audience: str
    recipient: str | None
    ordinal: int


LOG: Final = f"""
SELECT {columns_of(LoggedEvent)} FROM events WHERE organization_id = $1 AND number > $2
ORDER BY number LIMIT $3
"""
GET: Final = f"SELECT {columns_of(LoggedEvent)} FROM events WHERE organization_id = $1"
BY_NUMBER: Final = f"{GET} AND number = $2"
OF_BOOKING: Final = f"{GET} AND booking_id = $2 ORDER BY number DESC LIMIT $3"
BEFORE: Final = f"{GET} AND booking_id = $2 AND number < $3 ORDER BY number DESC LIMIT 1"


async def append_events(
    tenant: TenantConnection,
    events: Sequence[Event],
    mails: Sequence[NewMail],
    actor: str,
    now: datetime,
) -> bool:
    """Numbers the events and writes them, with a delivery for each endpoint that receives them,
    and the mails with the job that sends them. Whether there is anything for workers to do.

    Must be the transaction's last statement.
    """
    arguments = [
        tenant.organization_id,
        [event.id for event in events],
        [event.type for event in events],
        [event.booking_id for event in events],
        [event.data for event in events],
        [event.sequence for event in events],
        [event.override for event in events],
        [event.previous for event in events],
        [event.actor_name for event in events],
        actor,
        now,
    ]
    if not mails:
        waits: bool = await tenant.tx.fetchval(APPEND, *arguments)
        return waits
    arguments += [
        [mail.id for mail in mails],
        [mail.kind for mail in mails],
        [mail.audience for mail in mails],
        [mail.recipient for mail in mails],
        [mail.ordinal for mail in mails],
    ]
    await tenant.tx.execute(APPEND_WITH_MAILS, *arguments)
    return True


async def read_counters(tx: Tx, organization_ids: Sequence[UUID]) -> dict[UUID, int]:
    """The number of the last event of each of the organizations."""
    rows = await tx.fetch(COUNTERS, organization_ids)
    return {row[0]: row[1] for row in rows}


async def find_event_number(tenant: TenantConnection, event_id: UUID) -> int | None:
    """The event's number: where a reader of the log stands that has read up to it."""
    number: int | None = await tenant.tx.fetchval(NUMBER, tenant.organization_id, event_id)
    return number


async def list_events(tenant: TenantConnection, after: int, limit: int) -> list[LoggedEvent]:
    """The events after that number, in order."""
    return [
        LoggedEvent(*row)
        for row in await tenant.tx.fetch(LOG, tenant.organization_id, after, limit)
    ]


async def find_event(tenant: TenantConnection, number: int) -> LoggedEvent | None:
    row = await tenant.tx.fetchrow(BY_NUMBER, tenant.organization_id, number)
    return None if row is None else LoggedEvent(*row)


async def list_events_of_booking(
    tenant: TenantConnection, booking_id: UUID, limit: int
) -> list[LoggedEvent]:
    """What happened to the booking, the latest first."""
    rows = await tenant.tx.fetch(OF_BOOKING, tenant.organization_id, booking_id, limit)
    return [LoggedEvent(*row) for row in rows]


async def find_event_before(
    tenant: TenantConnection, booking_id: UUID, number: int
) -> LoggedEvent | None:
    """The last event of the booking before that one."""
    row = await tenant.tx.fetchrow(BEFORE, tenant.organization_id, booking_id, number)
    return None if row is None else LoggedEvent(*row)
