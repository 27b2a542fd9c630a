"""Bookings as rows."""

from collections.abc import Sequence
from datetime import datetime
from functools import partial
from typing import Any, Final, NamedTuple
from uuid import UUID

from msgspec import Struct, structs

from kalends.domain.booking import Booking, BookingFilter, Status
from kalends.store.bookings.search import address_pattern
from kalends.store.database import TenantConnection, Tx, fetch_planned
from kalends.store.rows import columns_of, find_one, parameters


class Part(NamedTuple):
    """A condition that an index bounds. `is_few` where all that it finds is read for any page."""

    condition: str
    is_few: bool

    def and_(self, other: "Part") -> "Part":
        """What both find."""
        return Part(f"{self.condition} AND {other.condition}", self.is_few or other.is_few)

    def with_parameter(self, number: int) -> "Part":
        """A template with the parameter of that number."""
        return Part(self.condition.format(f"${number}"), self.is_few)


class BookingClock(Struct, frozen=True):
    """The wall-clock time that a booking was made for, and where."""

    organization_id: UUID
    id: UUID
    start_time: datetime
    timezone: str
    wall_clock: str


# As the index over it says it.
DURING: Final = "tstzrange(start_time, end_time)"
_ON_SCHEDULE: Final = (
    Part("schedule_id = {0}::uuid", is_few=False),
    Part(
        "cardinality(schedule_ids) > 1 AND schedule_ids @> ARRAY[{0}::uuid]"
        " AND schedule_id <> {0}::uuid",
        is_few=True,
    ),
)
_ENDS_AFTER: Final = (
    Part("start_time < {0}::timestamptz AND " + DURING + " @> {0}::timestamptz", is_few=True),
    Part("start_time >= {0}::timestamptz", is_few=False),
)
FIELDS: Final = Booking.__struct_fields__
COLUMNS: Final = columns_of(Booking)
# Up to 64 kB each, which many rows together do not carry where nobody looks at it.
COLUMNS_BUT_METADATA: Final = COLUMNS.replace(" metadata,", " '{}'::jsonb AS metadata,")
_STATUS_AT: Final = FIELDS.index("status")
# A look-up, since calling an enum costs ten times as much, for each row of a list.
_STATUS_NAMED: Final = {status.value: status for status in Status}
CLOCKS: Final = f"""
SELECT {columns_of(BookingClock)} FROM bookings
WHERE (organization_id, id) > ($1, $2) AND start_time > $3 AND status IN ('PENDING', 'CONFIRMED')
ORDER BY organization_id, id LIMIT $4
"""
_CHANGEABLE: Final = tuple(f for f in FIELDS if f not in ("id", "created_at", "source"))

GET: Final = f"SELECT {COLUMNS} FROM bookings WHERE organization_id = $1 AND id = $2"
GET_LOCKED: Final = GET + " FOR NO KEY UPDATE"
INSERT: Final = (
    f"INSERT INTO bookings (organization_id, {COLUMNS}) VALUES ({parameters(1, len(FIELDS) + 1)})"
)
UPDATE: Final = (
    f"UPDATE bookings SET ({', '.join(_CHANGEABLE)}) = ROW({parameters(3, len(_CHANGEABLE))})"
    " WHERE organization_id = $1 AND id = $2"
)


async def find_booking(tenant: TenantConnection, booking_id: UUID) -> Booking | None:
    return await find_one(tenant, GET, booking_from, booking_id)


async def lock_booking(tenant: TenantConnection, booking_id: UUID) -> Booking | None:
    """The booking, locked against other changes until the transaction ends."""
    return await find_one(tenant, GET_LOCKED, booking_from, booking_id)


async def insert_booking(tenant: TenantConnection, booking: Booking) -> None:
    await tenant.tx.execute(INSERT, tenant.organization_id, *structs.astuple(booking))


async def insert_bookings(tenant: TenantConnection, bookings: Sequence[Booking]) -> None:
    """Several, in one round trip."""
    await tenant.tx.executemany(
        INSERT, [(tenant.organization_id, *structs.astuple(b)) for b in bookings]
    )


async def update_booking(tenant: TenantConnection, booking: Booking) -> None:
    """Writes the whole booking; the caller holds its lock."""
    values = (getattr(booking, name) for name in _CHANGEABLE)
    await tenant.tx.execute(UPDATE, tenant.organization_id, booking.id, *values)


async def list_bookings(
    tenant: TenantConnection, criteria: BookingFilter, limit: int, offset: int
) -> tuple[list[Booking], int]:
    """A page sorted by start, then id, and how many there are in all, in one snapshot."""
    sql, arguments = list_statement(tenant.organization_id, criteria, limit, offset)
    # How much a text finds is known only for that text.
    has_text = criteria.search or criteria.attendee_email
    fetch = partial(fetch_planned, tenant.tx) if has_text else tenant.tx.fetch
    rows = await fetch(sql, *arguments)
    total = rows[0][-1]
    return [booking_from(row) for row in rows if row[0] is not None], total


async def list_bookings_after(
    tenant: TenantConnection,
    criteria: BookingFilter,
    after: tuple[datetime, UUID] | None,
    limit: int,
) -> list[Booking]:
    """The next ones after a start and id, in the same order: who reads all of them in pages pays
    for each row once."""
    parts, arguments = _parts(tenant.organization_id, criteria)
    if after is not None:
        arguments += after
        beyond = f"(start_time, id) > (${len(arguments) - 1}, ${len(arguments)})"
        parts = [part.and_(Part(beyond, is_few=False)) for part in parts]
    rows = await fetch_planned(tenant.tx, _page(parts, f"{limit:d}", "0"), *arguments)
    return [booking_from(row) for row in rows]


async def list_clocks(
    tx: Tx, after: tuple[UUID, UUID], now: datetime, limit: int
) -> list[BookingClock]:
    """Bookings to come that stand, of all organizations, after one of them; housekeeping."""
    rows = await tx.fetch(CLOCKS, *after, now, limit)
    return [BookingClock(*row) for row in rows]


def list_statement(
    organization_id: UUID, criteria: BookingFilter, limit: int, offset: int
) -> tuple[str, list[Any]]:
    """The statement holds only the conditions that are asked for, so that each fits an index.

    It always gives a row, so that the total is known beyond the last page too.
    """
    parts, arguments = _parts(organization_id, criteria)
    arguments += [limit, offset]
    page = _page(parts, f"${len(arguments) - 1}::bigint", f"${len(arguments)}::bigint")
    counts = " + ".join(f"(SELECT count(*) FROM bookings WHERE {p.condition})" for p in parts)
    return (
        f"SELECT page.*, counted.total FROM (SELECT {counts} AS total) counted"
        f" LEFT JOIN ({page}) page ON true ORDER BY start_time, id"
    ), arguments


def _page(parts: Sequence[Part], limit: str, offset: str) -> str:
    """A page of what all parts find together, in order."""
    order = "ORDER BY start_time, id LIMIT"
    select = f"SELECT {COLUMNS} FROM bookings WHERE"
    if len(parts) == 1 and not parts[0].is_few:
        return f"{select} {parts[0].condition} {order} {limit} OFFSET {offset}"
    # OFFSET 0: what is few is planned by itself, never for the order of the whole.
    ends = {True: "OFFSET 0", False: f"{order} {limit} + {offset}"}
    found = " UNION ALL ".join(f"({select} {part.condition} {ends[part.is_few]})" for part in parts)
    return f"SELECT {COLUMNS} FROM ({found}) met {order} {limit} OFFSET {offset}"


def _parts(organization_id: UUID, criteria: BookingFilter) -> tuple[list[Part], list[Any]]:
    """The conditions, and what they ask for, in parts that share no booking and are bounded by
    an index each: on a schedule those where it comes first and those where it comes further
    back; of what ends after an instant what runs then and what begins then or later."""
    arguments: list[Any] = [organization_id]
    conditions = ["organization_id = $1"]
    for value, template in _conditions(criteria):
        arguments.append(value)
        conditions.append(template.format(f"${len(arguments)}"))
    for patterns in criteria.search:
        first = len(arguments) + 1
        arguments += patterns
        fits = [f"search_text LIKE ${first + i}" for i in range(len(patterns))]
        conditions.append(f"({' OR '.join(fits)})")
    is_few = address_pattern(criteria.attendee_email or "") is not None
    parts = [Part(" AND ".join(conditions), is_few)]
    for value, halves in ((criteria.schedule_id, _ON_SCHEDULE), (criteria.ends_after, _ENDS_AFTER)):
        if value is not None:
            arguments.append(value)
            given = [half.with_parameter(len(arguments)) for half in halves]
            parts = [part.and_(half) for part in parts for half in given]
    return parts, arguments


def _conditions(criteria: BookingFilter) -> list[tuple[Any, str]]:
    statuses = [status.value for status in criteria.statuses]
    one_status = statuses[0] if len(statuses) == 1 else None
    conditions = [
        (one_status, "status = {0}"),
        (statuses if len(statuses) > 1 else None, "status = ANY({0}::text[])"),
        (criteria.event_type_id, "event_type_id = {0}"),
        (criteria.after, "start_time > {0}"),
        (criteria.since, "start_time >= {0}"),
        (criteria.until, "start_time <= {0}"),
        (criteria.before, "start_time < {0}"),
        (criteria.booking_id, "id = {0}"),
        (criteria.attendee_email, "strpos(lower(attendee_email), lower({0})) > 0"),
        (address_pattern(criteria.attendee_email or ""), "search_text LIKE {0}"),
    ]
    return [(value, template) for value, template in conditions if value is not None]


def booking_from(row: Any) -> Booking:
    values = list(row[: len(FIELDS)])
    values[_STATUS_AT] = _STATUS_NAMED[values[_STATUS_AT]]
    return Booking(*values)
