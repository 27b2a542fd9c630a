"""What is in the calendars of schedules, for the engine: read in one query, for one range."""

import sys
from array import array
from collections.abc import Iterator, Sequence
from datetime import datetime
from enum import Enum, auto
from typing import Any, Final, overload
from uuid import UUID

from msgspec import Struct

from kalends.domain.schedule import Schedule
from kalends.store.availability.schedules import FIELDS as SCHEDULE_FIELDS
from kalends.store.availability.schedules import schedule_from
from kalends.store.database import TenantConnection
from kalends.store.rows import columns_of

INSTANT_BYTES: Final = 8
MICROSECONDS: Final = 1_000_000
POSTGRES_EPOCH: Final = 946_684_800  # 2000-01-01 in epoch seconds


def _packed(*instants: str) -> str:
    """One `bytea` with the instants of all rows, one row after the other: 8 bytes each, in
    network order, microseconds since 2000."""
    return f"string_agg({' || '.join(f'timestamptz_send({i})' for i in instants)}, '')"


def _read(busy_ids: str, claims: str, bookings: str) -> str:
    """Two hundred bookings leave as one value: as rows, or as arrays of numbers, reading them
    takes longer than finding the slots. Ids are read where somebody asks for them."""
    return f"""
SELECT {columns_of(Schedule, "s")},
  busy.times, busy.ids, taken.times, taken.claims, taken.bookings
FROM schedules s
LEFT JOIN LATERAL (
    SELECT {_packed("b.start_time", "b.end_time")} AS times, {busy_ids} AS ids
    FROM busy_times b
    WHERE b.organization_id = $1 AND b.schedule_id = s.id
      AND tstzrange(b.start_time, b.end_time) && tstzrange($3, $4)) busy ON true
LEFT JOIN LATERAL (
    SELECT {_packed("lower(o.during)", "upper(o.during)", "o.starts_at")} AS times,
      {claims} AS claims, {bookings} AS bookings
    FROM occupancies o
    WHERE o.organization_id = $1 AND o.schedule_id = s.id AND o.during && tstzrange($3, $4)
      AND (o.expires_at IS NULL OR o.expires_at > $5)
      AND ($6::uuid[] IS NULL OR coalesce(o.booking_id, o.hold_id) <> ALL($6))) taken ON true
WHERE s.organization_id = $1 AND s.id = ANY($2::uuid[]) AND s.deleted_at IS NULL
ORDER BY s.id
"""


class CalendarDetail(Enum):
    """What is read of a calendar beside its times."""

    NONE = auto()
    CLAIMS = auto()
    IDS = auto()


READ: Final = {
    CalendarDetail.NONE: _read("NULL", "NULL", "NULL"),
    CalendarDetail.CLAIMS: _read("NULL", "array_agg(o.claim_id)", "NULL"),
    CalendarDetail.IDS: _read(
        "array_agg(b.id)", "array_agg(o.claim_id)", "array_agg(o.booking_id)"
    ),
}
# KEY SHARE keeps a schedule from being deleted (which takes FOR UPDATE) under a booking.
READ_TO_BOOK: Final = {detail: sql + "FOR KEY SHARE OF s" for detail, sql in READ.items()}
# A booking or hold whose event type this is names its schedules in the order they were taken.
SESSIONS: Final = """
SELECT extract(epoch FROM start_time)::bigint, schedule_ids, count(*) FROM (
    SELECT start_time, schedule_ids FROM bookings
    WHERE organization_id = $1 AND event_type_id = $2 AND start_time >= $3 AND start_time < $4
      AND status IN ('PENDING', 'CONFIRMED', 'COMPLETED') AND NOT conflict
      AND ($6::uuid[] IS NULL OR id <> ALL($6))
    UNION ALL
    SELECT start_time, schedule_ids FROM holds
    WHERE organization_id = $1 AND event_type_id = $2 AND start_time >= $3 AND start_time < $4
      AND expires_at > $5 AND ($6::uuid[] IS NULL OR id <> ALL($6))) seats
GROUP BY start_time, schedule_ids
"""
# What holds have left behind counts too: it may still be somebody's who is just booking it.
CLAIMS_AT: Final = """
SELECT o.schedule_id, o.claim_id FROM occupancies o
WHERE o.organization_id = $1 AND o.booking_id IN (
    SELECT id FROM bookings
    WHERE organization_id = $1 AND event_type_id = $2 AND start_time = $3)
UNION
SELECT o.schedule_id, o.claim_id FROM occupancies o
WHERE o.organization_id = $1 AND o.hold_id IN (
    SELECT id FROM holds
    WHERE organization_id = $1 AND event_type_id = $2 AND start_time = $3)
"""
# A claim is one start on a schedule, however many seats it has, and as old as its oldest seat. What
# servers before 0009 wrote names nothing: whose it is says its booking or hold.
CLAIMS_BY_MONTH: Final = """
WITH seats AS (
    SELECT schedule_id, starts_at, coalesce(booking_id, hold_id) AS id FROM occupancies
    WHERE organization_id = $1 AND event_type_id = $3 AND starts_at >= $4 AND starts_at < $5
      AND schedule_id = ANY($2::uuid[]) AND (expires_at IS NULL OR expires_at > $6)
    UNION ALL
    SELECT schedule_id, starts_at, coalesce(booking_id, hold_id) AS id FROM occupancies o
    WHERE organization_id = $1 AND event_type_id IS NULL AND schedule_id = ANY($2::uuid[])
      AND starts_at >= $4 AND starts_at < $5 AND (expires_at IS NULL OR expires_at > $6)
      AND coalesce(
        (SELECT event_type_id FROM bookings WHERE organization_id = $1 AND id = o.booking_id),
        (SELECT event_type_id FROM holds WHERE organization_id = $1 AND id = o.hold_id)) = $3)
SELECT number::int, schedule_id, width_bucket(starts_at, $7::timestamptz[]),
  count(DISTINCT starts_at) - count(DISTINCT starts_at) FILTER (WHERE seats.id < since.id)
FROM seats CROSS JOIN unnest($8::uuid[]) WITH ORDINALITY AS since (id, number)
WHERE $9::uuid[] IS NULL OR seats.id <> ALL($9)
GROUP BY 1, 2, 3
"""


class Times(Sequence[tuple[int, int]]):
    """`(start, end)` in epoch seconds, as `_packed` sent them: read when they are first asked
    for, equal and hashed by what was sent. `starts` are the third instants of rows that have
    three."""

    __slots__ = ("_packed", "_read", "_width")

    def __init__(self, packed: bytes | None, width: int) -> None:
        self._packed = packed or b""
        self._width = width
        self._read: list[tuple[int, int]] | None = None

    @property
    def starts(self) -> list[int]:
        return _seconds(self._instants()[2 :: self._width])

    def __iter__(self) -> Iterator[tuple[int, int]]:
        return iter(self._pairs())

    def __len__(self) -> int:
        return len(self._packed) // (INSTANT_BYTES * self._width)

    @overload
    def __getitem__(self, at: int) -> tuple[int, int]: ...
    @overload
    def __getitem__(self, at: slice) -> list[tuple[int, int]]: ...
    def __getitem__(self, at: int | slice) -> Any:
        return self._pairs()[at]

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Times) and self._packed == other._packed

    def __hash__(self) -> int:
        return hash(self._packed)

    def _pairs(self) -> list[tuple[int, int]]:
        if self._read is None:
            instants, width = self._instants(), self._width
            begins, ends = _seconds(instants[0::width]), _seconds(instants[1::width])
            self._read = list(zip(begins, ends, strict=True))
        return self._read

    def _instants(self) -> Sequence[int]:
        """Microseconds since 2000."""
        instants = array("q", self._packed)
        if sys.byteorder == "little":
            instants.byteswap()
        return instants


class StoredCalendar(Struct, frozen=True):
    """A schedule, and what meets a range; what is taken with its buffers, which the `starts` are
    without. Ids in the same order, empty if they were not read."""

    schedule: Schedule
    busy: Times
    taken: Times
    busy_ids: Sequence[UUID] = ()
    claims: Sequence[UUID] = ()
    bookings: Sequence[UUID | None] = ()

    @property
    def starts(self) -> list[int]:
        return self.taken.starts

    def busy_id_at(self, position: int) -> UUID | None:
        return self.busy_ids[position] if self.busy_ids else None


async def load_calendars(
    tenant: TenantConnection,
    schedule_ids: Sequence[UUID],
    span: tuple[datetime, datetime],
    now: datetime,
    excluded_ids: Sequence[UUID],
    *,
    detail: CalendarDetail,
    to_book: bool,
) -> list[StoredCalendar]:
    """The schedules that there are, by id, with all that meets `span`; holds that have ended by
    `now` are not in it, nor the bookings and holds that are left out. `to_book` keeps the schedules
    from being deleted until the transaction ends."""
    sql = READ_TO_BOOK[detail] if to_book else READ[detail]
    rows = await tenant.tx.fetch(
        sql, tenant.organization_id, schedule_ids, *span, now, excluded_ids or None
    )
    return [_stored_calendar(row) for row in rows]


async def list_sessions(
    tenant: TenantConnection,
    event_type_id: UUID,
    span: tuple[datetime, datetime],
    now: datetime,
    excluded_ids: Sequence[UUID],
) -> dict[tuple[int, tuple[UUID, ...]], int]:
    """The event type's bookings and live holds that take time, as sessions: how many seats are
    taken, by start in epoch seconds and schedules, which are in the order of their ids."""
    rows = await tenant.tx.fetch(
        SESSIONS, tenant.organization_id, event_type_id, *span, now, excluded_ids or None
    )
    seats: dict[tuple[int, tuple[UUID, ...]], int] = {}
    for start, schedule_ids, count in rows:
        session = start, tuple(sorted(schedule_ids))
        seats[session] = seats.get(session, 0) + count
    return seats


async def list_session_claims(
    tenant: TenantConnection, event_type_id: UUID, starts_at: datetime
) -> dict[UUID, UUID]:
    """The claim of the event type's session that starts then, on each schedule that has one, also
    where it is only what a hold has left behind. The caller holds the event type's lock."""
    rows = await tenant.tx.fetch(CLAIMS_AT, tenant.organization_id, event_type_id, starts_at)
    return dict(rows)


async def count_claims_by_month(
    tenant: TenantConnection,
    schedule_ids: Sequence[UUID],
    event_type_id: UUID,
    months: Sequence[tuple[datetime, datetime]],
    since: Sequence[UUID | None],
    now: datetime,
    excluded_ids: Sequence[UUID],
) -> list[tuple[int, UUID, int, int]]:
    """How many live claims of the event type each schedule has in each of the months, which follow
    one another: `(which of since, schedule, which month, claims)`, the first one 0, without those
    that have none. Counted for each of `since` are the claims whose seats were made since that id;
    None counts all."""
    begins = [begin for begin, _ in months]
    rows = await tenant.tx.fetch(
        CLAIMS_BY_MONTH,
        tenant.organization_id,
        schedule_ids,
        event_type_id,
        begins[0],
        months[-1][1],
        now,
        begins,
        since,
        excluded_ids or None,
    )
    return [(number - 1, id_, month - 1, count) for number, id_, month, count in rows]


def _stored_calendar(row: Any) -> StoredCalendar:
    values = list(row)
    busy, busy_ids, taken, claims, bookings = values[len(SCHEDULE_FIELDS) :]
    return StoredCalendar(
        schedule_from(values),
        Times(busy, width=2),
        Times(taken, width=3),
        busy_ids or (),
        claims or (),
        bookings or (),
    )


def _seconds(instants: Sequence[int]) -> list[int]:
    """In epoch seconds."""
    return [instant // MICROSECONDS + POSTGRES_EPOCH for instant in instants]
