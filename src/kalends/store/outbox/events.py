"""Events as rows, numbered in order within their organization, and the deliveries and mails that
are written together with them."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

from msgspec import Raw, Struct

from kalends.domain.event import EventLine, LoggedEvent
from kalends.domain.mail import destination_of
from kalends.store.database import TenantConnection, Tx
from kalends.store.list_statements import in_items
from kalends.store.rows import columns_of, lists_of

# The last statement of a transaction. It calls a function of the database, in which each statement
# concerns one organization (migrations 0016, 0029, 0033, 0048), and returns the channels that have
# something due.
APPEND: Final = """
SELECT append_events_4($1, $2, $3, $4::uuid[], $5::text[], $6::uuid[], $7::json[], $8::integer[],
    $9::boolean[], $10::json[], $11::text[], $12::uuid[], $13::text[], $14::text[], $15::text[],
    $16::uuid[], $17::integer[], $18::timestamptz[], $19::uuid[], $20::timestamptz[], $21::uuid[])
"""
# One small query for all organizations that browsers of this process are watching.
COUNTERS: Final = """
SELECT organization_id, last_number FROM event_counters WHERE organization_id = ANY($1::uuid[])
"""
NUMBER: Final = "SELECT number FROM events WHERE organization_id = $1 AND id = $2"


class Event(Struct, frozen=True, kw_only=True):
    """Something that happened to a booking; its fields are in the order of APPEND.

    `data` is the booking as the API shows it, `previous` has the earlier values of the fields that
    changed, `sequence` is how often the booking had changed by then, and `actor_name` is the name
    of the actor, if it is known.
    """

    id: UUID
    type: str
    booking_id: UUID
    data: Raw
    sequence: int = 0
    override: bool = False
    previous: Raw
    actor_name: str | None


class ToldBooking(Struct, frozen=True):
    """A booking that calendars elsewhere have to be told of; `earlier` is its start before the
    change, if that was different."""

    id: UUID
    earlier: datetime | None = None


class NewMail(Struct, frozen=True, kw_only=True):
    """A mail about an event, which is the `ordinal`-th (from 1) of the events written with it. A
    recipient of None means each address of the organization. It is never sent after `expires_at`.
    """

    id: UUID
    kind: str
    audience: str
    recipient: str | None
    ordinal: int
    expires_at: datetime | None = None


# `previous` has the schedules that the booking was on before.
CONCERNS: Final = """
SELECT EXISTS (
    SELECT FROM events e JOIN bookings b ON b.organization_id = $1 AND b.id = e.booking_id
    WHERE e.organization_id = $1 AND e.number > $2 AND e.number <= $3 AND (
        EXISTS (SELECT FROM schedules s WHERE s.organization_id = $1 AND s.user_id = $4
            AND s.id = ANY(b.schedule_ids))
        OR EXISTS (SELECT FROM unnest($5::text[]) own (id)
            WHERE strpos(e.previous::text, own.id) > 0)))
"""
LOG: Final = f"""
SELECT {columns_of(LoggedEvent)} FROM events WHERE organization_id = $1 AND number > $2
ORDER BY number LIMIT $3
"""
LATEST: Final = f"""
SELECT {columns_of(EventLine)} FROM events WHERE organization_id = $1 AND number < $2
ORDER BY number DESC LIMIT $3
"""
GET: Final = f"SELECT {columns_of(LoggedEvent)} FROM events WHERE organization_id = $1"
BY_NUMBER: Final = f"{GET} AND number = $2"
OF_BOOKING: Final = f"{GET} AND booking_id = $2 ORDER BY number DESC LIMIT $3"


async def append_events(
    tenant: TenantConnection,
    events: Sequence[Event],
    mails: Sequence[NewMail],
    told: Sequence[ToldBooking],
    actor: str,
    now: datetime,
    joins: Sequence[UUID] = (),
) -> list[str]:
    """Numbers the events and writes them, with a delivery for each endpoint that receives them; and
    the mails, each with a delivery too. Bookings in `told` get deliveries to calendars elsewhere.
    Mails with an id in `joins`, which wait already, then also tell of the last of the events.
    Returns the channels that have something to do.

    Must be the transaction's last statement.
    """
    organization_id = tenant.organization_id
    # Mails to the organization share one destination, whatever its first address is.
    destinations = [
        destination_of(mail.recipient) if mail.recipient else organization_id for mail in mails
    ]
    arguments = [
        organization_id,
        actor,
        now,
        *lists_of(Event, events),
        [mail.id for mail in mails],
        [mail.kind for mail in mails],
        [mail.audience for mail in mails],
        [mail.recipient for mail in mails],
        destinations,
        [mail.ordinal for mail in mails],
        [mail.expires_at for mail in mails],
        [booking.id for booking in told],
        [booking.earlier for booking in told],
        list(joins),
    ]
    sent = in_items(APPEND, arguments)
    channels: list[str] = await tenant.tx.fetchval(sent.statement, *sent.arguments)
    return channels


async def read_counters(tx: Tx, organization_ids: Sequence[UUID]) -> dict[UUID, int]:
    """The number of the latest event of each of the organizations."""
    rows = await tx.fetch(COUNTERS, organization_ids)
    return {row[0]: row[1] for row in rows}


async def find_event_number(tenant: TenantConnection, event_id: UUID) -> int | None:
    """The number of an event; a reader of the log that has read up to it goes on from there."""
    number: int | None = await tenant.tx.fetchval(NUMBER, tenant.organization_id, event_id)
    return number


async def concern_user(
    tenant: TenantConnection, numbers: tuple[int, int], user_id: UUID, own: Sequence[str]
) -> bool:
    """Whether one of the events after the first number, up to the second, is about a booking that
    is on a schedule of the user, or was on one of `own` (public ids)."""
    arguments = tenant.organization_id, *numbers, user_id, own
    concerned: bool = await tenant.tx.fetchval(CONCERNS, *arguments)
    return concerned


async def list_events(tenant: TenantConnection, after: int, limit: int) -> list[LoggedEvent]:
    """The events after that number, in order."""
    return [
        LoggedEvent(*row)
        for row in await tenant.tx.fetch(LOG, tenant.organization_id, after, limit)
    ]


async def list_latest_events(tenant: TenantConnection, before: int, limit: int) -> list[EventLine]:
    """The events before that number, the latest first."""
    rows = await tenant.tx.fetch(LATEST, tenant.organization_id, before, limit)
    return [EventLine(*row) for row in rows]


async def find_event(tenant: TenantConnection, number: int) -> LoggedEvent | None:
    row = await tenant.tx.fetchrow(BY_NUMBER, tenant.organization_id, number)
    return None if row is None else LoggedEvent(*row)


async def list_events_of_booking(
    tenant: TenantConnection, booking_id: UUID, limit: int
) -> list[LoggedEvent]:
    """The events of the booking, the latest first."""
    rows = await tenant.tx.fetch(OF_BOOKING, tenant.organization_id, booking_id, limit)
    return [LoggedEvent(*row) for row in rows]
