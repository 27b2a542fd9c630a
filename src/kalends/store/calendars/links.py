"""Links, the events of ours in calendars elsewhere, as rows; and what these events should be."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from msgspec import Raw, json, structs

from kalends.domain.booking import Booking
from kalends.domain.calendars.links import CalendarLink, LinkedSchedule
from kalends.domain.calendars.policies import CalendarPolicy
from kalends.domain.calendars.states import LinkState
from kalends.store.bookings.subjects import list_bookings_of_subject
from kalends.store.database import TenantConnection, Tx
from kalends.store.rows import columns_of, is_so, select_from, values_of

FIELDS: Final = CalendarLink.__struct_fields__
COLUMNS: Final = columns_of(CalendarLink)
KEYS: Final = ("calendar_id", "subject_id", "schedule_id")
_CHANGEABLE: Final = tuple(
    name for name in FIELDS if name not in (*KEYS, "booking_id", "event_type_id", "starts_at")
)
POLICY: Final = json.Decoder(CalendarPolicy)

LIST_OF_LANE: Final = f"""
SELECT {columns_of(CalendarLink, "l")},
    (SELECT u.calendar_id FROM schedule_calendars u
     JOIN calendars k ON k.organization_id = $1 AND k.id = u.calendar_id
     JOIN calendar_connections c ON c.organization_id = $1 AND c.id = k.connection_id
     WHERE u.organization_id = $1 AND u.schedule_id = l.schedule_id AND u.writes
        AND c.state <> 'removing'),
    EXISTS (SELECT FROM calendar_links o
     WHERE o.organization_id = $1 AND o.subject_id = l.subject_id
        AND o.schedule_id = l.schedule_id AND o.calendar_id <> l.calendar_id
        AND o.state = 'written'),
    s.calendar_policy
FROM calendar_links l JOIN schedules s ON s.organization_id = $1 AND s.id = l.schedule_id
WHERE l.organization_id = $1 AND l.calendar_id = $2 AND l.subject_id = $3
ORDER BY l.schedule_id
"""
UPDATE: Final = (
    f"UPDATE calendar_links SET ({', '.join(_CHANGEABLE)}) ="
    f" ROW({', '.join(f'${number}' for number in range(5, 5 + len(_CHANGEABLE)))})"
    " WHERE organization_id = $1 AND calendar_id = $2 AND subject_id = $3 AND schedule_id = $4"
)
OF_SUBJECT: Final = f"""
SELECT {COLUMNS} FROM calendar_links
WHERE organization_id = $1 AND subject_id = $2 AND state <> 'removed'
ORDER BY schedule_id, calendar_id
"""
SHOW: Final = """
UPDATE bookings SET calendar_events = $3
WHERE organization_id = $1 AND id = $2 AND calendar_events <> $3
"""
# Bookings whose events are in the calendar, may be, or should be; page by page.
LIVE: Final = """
SELECT id FROM bookings
WHERE organization_id = $1 AND id > $3 AND end_time > $4 AND status IN ('PENDING', 'CONFIRMED')
    AND (schedule_id = $2 OR (cardinality(schedule_ids) > 1 AND schedule_ids @> ARRAY[$2::uuid]))
ORDER BY id LIMIT $5
"""
# Reads a limited number of schedules in each statement, whatever is booked on them.
UNWRITTEN_SCHEDULES: Final = """
WITH writing AS MATERIALIZED (
    SELECT organization_id, schedule_id FROM schedule_calendars
    WHERE writes AND (organization_id, schedule_id) > ($3, $4)
    ORDER BY organization_id, schedule_id LIMIT $5)
SELECT u.organization_id, u.schedule_id, EXISTS (SELECT FROM bookings b
    WHERE b.organization_id = u.organization_id AND b.schedule_id = u.schedule_id
    AND b.status = 'CONFIRMED' AND b.start_time > $1 AND b.source <> 'calcom'
    AND NOT b.conflict AND b.updated_at < $2
    AND NOT EXISTS (SELECT FROM calendar_links l
        WHERE l.organization_id = b.organization_id AND l.schedule_id = u.schedule_id
            AND (l.booking_id = b.id
                OR (l.event_type_id = b.event_type_id AND l.starts_at = b.start_time))))
FROM writing u ORDER BY u.organization_id, u.schedule_id
"""
HAS_CAPACITY: Final = "SELECT capacity > 1 FROM event_types WHERE organization_id = $1 AND id = $2"
CLAIM: Final = """
SELECT claim_id FROM occupancies
WHERE organization_id = $1 AND schedule_id = $2 AND event_type_id = $3 AND starts_at = $4
LIMIT 1
"""
BY_REFS: Final = select_from(
    "calendar_links", CalendarLink, "calendar_id = $2 AND ref = ANY($3::text[])"
)
SUSPICIOUS: Final = LIST_OF_LANE.replace(
    "AND l.subject_id = $3\nORDER BY l.schedule_id",
    "AND l.missed_at IS NOT NULL\nORDER BY l.missed_at LIMIT $3",
)
SUSPICIOUS_CALENDARS: Final = """
SELECT DISTINCT l.calendar_id FROM calendars k
JOIN calendar_links l ON l.organization_id = $1 AND l.calendar_id = k.id
WHERE k.organization_id = $1 AND k.connection_id = $2 AND l.missed_at IS NOT NULL
"""
TO_COME: Final = """
SELECT count(*) FROM calendar_links
WHERE organization_id = $1 AND calendar_id = $2 AND state = 'written' AND shown_from > $3
"""
LOCK: Final = f"""
SELECT {COLUMNS} FROM calendar_links
WHERE organization_id = $1 AND calendar_id = $2 AND subject_id = $3 AND schedule_id = $4
FOR NO KEY UPDATE
"""
# Events that are being written are left out, as their state is unknown; so are past events.
_SUSPECT: Final = """
UPDATE calendar_links l SET missed_at = $3
WHERE l.organization_id = $1 AND l.calendar_id = $2 AND l.state = 'written'
    AND NOT l.is_unclear AND l.missed_at IS NULL AND l.shown_from > $3
"""
MARK_MOVED: Final = (
    _SUSPECT.replace(
        "WHERE",
        "FROM unnest($4::text[], $5::timestamptz[], $6::timestamptz[])"
        " AS o (ref, since, until)\nWHERE",
    )
    + """    AND l.ref = o.ref
    AND (l.shown_from IS DISTINCT FROM o.since OR l.shown_until IS DISTINCT FROM o.until)
"""
)
MARK_GONE: Final = _SUSPECT + "    AND l.ref = ANY($4::text[])"
MARK_ALL_BUT: Final = _SUSPECT + "    AND l.ref <> ALL($4::text[])"
PLACES_OF_CONNECTION: Final = """
SELECT DISTINCT l.calendar_id, l.subject_id FROM calendar_links l
JOIN calendars k ON k.organization_id = $1 AND k.id = l.calendar_id
WHERE l.organization_id = $1 AND k.connection_id = $2 AND l.state <> 'removed'
"""
FORGET: Final = """
UPDATE bookings b SET calendar_events = '[]'
FROM calendar_links l JOIN calendars k ON k.organization_id = $1 AND k.id = l.calendar_id
WHERE b.organization_id = $1 AND l.organization_id = $1 AND k.connection_id = $2
    AND l.state <> 'removed' AND b.calendar_events <> '[]'
    AND (b.id = l.booking_id
        OR (b.event_type_id = l.event_type_id AND b.start_time = l.starts_at))
"""


async def list_links_of_lane(
    tenant: TenantConnection, calendar_id: UUID, subject_id: UUID
) -> list[tuple[CalendarLink, LinkedSchedule]]:
    """The links of a lane by schedule, each with what its schedule wants."""
    rows = await tenant.tx.fetch(LIST_OF_LANE, tenant.organization_id, calendar_id, subject_id)
    return [_with_schedule(row) for row in rows]


async def update_link(tenant: TenantConnection, link: CalendarLink) -> None:
    values = structs.asdict(link)
    await tenant.tx.execute(
        UPDATE,
        tenant.organization_id,
        *(values[name] for name in KEYS),
        *(values[name] for name in _CHANGEABLE),
    )


async def list_bookings_of_link(tenant: TenantConnection, link: CalendarLink) -> list[Booking]:
    """The bookings that the link's event is about: one, or all seats of the event type at that
    start; without imported ones."""
    place = link.event_type_id, link.starts_at
    return await list_bookings_of_subject(tenant, link.booking_id, *place)


async def has_seats(tenant: TenantConnection, event_type_id: UUID) -> bool:
    """Whether the event type has group sessions, with several seats."""
    return await is_so(tenant, HAS_CAPACITY, event_type_id)


async def list_links_of_subject(tenant: TenantConnection, subject_id: UUID) -> list[CalendarLink]:
    """The links of the subject in all calendars, without those whose event is removed."""
    rows = await tenant.tx.fetch(OF_SUBJECT, tenant.organization_id, subject_id)
    return [link_from(row) for row in rows]


async def show_events(tenant: TenantConnection, booking_id: UUID, shown: Raw) -> None:
    """Writes what calendars show of the booking, if that has changed."""
    await tenant.tx.execute(SHOW, tenant.organization_id, booking_id, shown)


async def list_live_bookings(
    tenant: TenantConnection, schedule_id: UUID, after: UUID, now: datetime, limit: int
) -> list[UUID]:
    """A page of the bookings on the schedule that have not ended, by id."""
    rows = await tenant.tx.fetch(LIVE, tenant.organization_id, schedule_id, after, now, limit)
    return [row[0] for row in rows]


async def list_links_by_refs(
    tenant: TenantConnection, calendar_id: UUID, refs: Sequence[str]
) -> list[CalendarLink]:
    rows = await tenant.tx.fetch(BY_REFS, tenant.organization_id, calendar_id, refs)
    return [link_from(row) for row in rows]


async def find_claim(tenant: TenantConnection, link: CalendarLink) -> UUID | None:
    """The claim of the session that a link is about; None once it takes no time."""
    place = link.schedule_id, link.event_type_id, link.starts_at
    claim: UUID | None = await tenant.tx.fetchval(CLAIM, tenant.organization_id, *place)
    return claim


async def list_places_of_connection(
    tenant: TenantConnection, connection_id: UUID
) -> list[tuple[UUID, UUID]]:
    """The calendars of the connection with events of ours, each with the events' subjects."""
    rows = await tenant.tx.fetch(PLACES_OF_CONNECTION, tenant.organization_id, connection_id)
    return [(row[0], row[1]) for row in rows]


async def forget_events(tenant: TenantConnection, connection_id: UUID) -> None:
    """Deletes what bookings show of events in calendars of a connection that is being removed."""
    await tenant.tx.execute(FORGET, tenant.organization_id, connection_id)


async def list_unwritten_schedules(
    tx: Tx, now: datetime, changed_until: datetime, after: tuple[UUID, UUID], limit: int
) -> list[tuple[UUID, UUID, bool]]:
    """The next schedules that write into a calendar, each after its organization. True if they have
    a future booking that was never put into the outbox for the calendar, because a server of the
    previous release made it."""
    rows = await tx.fetch(UNWRITTEN_SCHEDULES, now, changed_until, *after, limit)
    return [(row[0], row[1], row[2]) for row in rows]


async def list_suspicious_calendars(tenant: TenantConnection, connection_id: UUID) -> list[UUID]:
    """The calendars of the connection that have suspicious events."""
    rows = await tenant.tx.fetch(SUSPICIOUS_CALENDARS, tenant.organization_id, connection_id)
    return [row[0] for row in rows]


async def list_suspicious(
    tenant: TenantConnection, calendar_id: UUID, limit: int
) -> list[tuple[CalendarLink, LinkedSchedule]]:
    """Links whose event was not found as it was written, the longest suspicious first."""
    rows = await tenant.tx.fetch(SUSPICIOUS, tenant.organization_id, calendar_id, limit)
    return [_with_schedule(row) for row in rows]


async def count_written(tenant: TenantConnection, calendar_id: UUID, now: datetime) -> int:
    """How many future events of ours the calendar has."""
    total: int = await tenant.tx.fetchval(TO_COME, tenant.organization_id, calendar_id, now)
    return total


async def find_link(
    tenant: TenantConnection, calendar_id: UUID, subject_id: UUID, schedule_id: UUID
) -> CalendarLink | None:
    """The link, locked against changes until the transaction ends."""
    keys = calendar_id, subject_id, schedule_id
    row = await tenant.tx.fetchrow(LOCK, tenant.organization_id, *keys)
    return None if row is None else link_from(row)


async def lock_link(tenant: TenantConnection, link: CalendarLink) -> CalendarLink | None:
    """The link in its current state, locked until the transaction ends."""
    return await find_link(tenant, link.calendar_id, link.subject_id, link.schedule_id)


async def mark_moved(
    tenant: TenantConnection,
    calendar_id: UUID,
    seen: Collection[tuple[str, datetime | None, datetime | None]],
    now: datetime,
) -> int:
    """Marks links as suspicious whose event is at another time; returns how many."""
    columns = [list(column) for column in zip(*seen, strict=True)]
    done = await tenant.tx.execute(MARK_MOVED, tenant.organization_id, calendar_id, now, *columns)
    return int(done.rpartition(" ")[2])


async def mark_missing(
    tenant: TenantConnection,
    calendar_id: UUID,
    gone: Sequence[str] | None,
    there: Sequence[str],
    now: datetime,
) -> int:
    """Marks links as suspicious whose event is gone: those in `gone` or, if that is None, all that
    are not in `there`. Returns how many."""
    refs, statement = (there, MARK_ALL_BUT) if gone is None else (gone, MARK_GONE)
    done = await tenant.tx.execute(statement, tenant.organization_id, calendar_id, now, refs)
    return int(done.rpartition(" ")[2])


def _with_schedule(row: Any) -> tuple[CalendarLink, LinkedSchedule]:
    width = len(FIELDS)
    policy = POLICY.decode(row[width + 2])
    return link_from(row), LinkedSchedule(row[width], row[width + 1], policy)


def link_from(row: Any) -> CalendarLink:
    values = values_of(CalendarLink, row)
    values["state"] = LinkState(values["state"])
    return CalendarLink(**values)
