"""What is in the calendars of schedules, for the engine: read in one query, for one range; in
another one where some of them read calendars elsewhere."""

from collections.abc import Sequence
from datetime import datetime
from enum import Enum, auto
from functools import cache
from typing import Any, Final, NamedTuple
from uuid import UUID

from msgspec import Struct

from kalends.domain.schedule import Schedule
from kalends.store.availability.calendars_elsewhere import (
    NOTHING_ELSEWHERE,
    TimesElsewhere,
    load_times_elsewhere,
)
from kalends.store.availability.packed import PackedTimes, packed
from kalends.store.availability.schedules import FIELDS as SCHEDULE_FIELDS
from kalends.store.availability.schedules import PASSES_GATE, schedule_from
from kalends.store.database import TenantConnection
from kalends.store.outbox.templates import SOME_MAIL_OFF
from kalends.store.rows import columns_of


class CalendarDetail(Enum):
    """What is read of a calendar beside its times."""

    NONE = auto()
    CLAIMS = auto()
    IDS = auto()


# Ids of busy times, claims and ids of bookings, where somebody asks.
DETAILS: Final = {
    CalendarDetail.NONE: ("NULL", "NULL", "NULL"),
    CalendarDetail.CLAIMS: ("NULL", "array_agg(o.claim_id)", "NULL"),
    CalendarDetail.IDS: (
        "array_agg(b.id)",
        "array_agg(o.claim_id)",
        "array_agg(o.booking_id)",
    ),
}
_ID_AT: Final = SCHEDULE_FIELDS.index("id")
_READS_CALENDARS_AT: Final = len(SCHEDULE_FIELDS)
_OF_SCHEDULE: Final = """o.organization_id = $1 AND o.schedule_id = s.id
      AND (o.expires_at IS NULL OR o.expires_at > $5)"""
# Times alone come from an index in which those of a schedule lie side by side, in the order of
# their beginning. What began within the day before the span may last into it; longer ones have an
# index of their own, which does not know who takes the time, as the other one does not. Schedule
# and time are compared as one, which only an index in order can do: with ten million claims
# PostgreSQL took the constraint's for the cheaper one, and fetched each claim.
_TIMES: Final = f"""(
    SELECT during, starts_at, expires_at FROM occupancies o
    WHERE o.organization_id = $1 AND (o.expires_at IS NULL OR o.expires_at > $5)
      AND (o.schedule_id, o.during)
        >= (s.id, tstzrange($3::timestamptz - interval '24 hours', $3))
      AND (o.schedule_id, o.during)
        < (s.id, tstzrange($4, $4::timestamptz + interval '1 microsecond'))
      AND upper(during) > $3
    UNION ALL
    SELECT during, starts_at, expires_at FROM occupancies o
    WHERE {_OF_SCHEDULE}
      AND upper(during) - lower(during) > interval '24 hours'
      AND during @> $3::timestamptz AND lower(during) < $3::timestamptz - interval '24 hours'
      AND num_nonnulls(booking_id, hold_id) = 1) o"""
_ROWS: Final = f"""occupancies o
    WHERE {_OF_SCHEDULE} AND o.during && tstzrange($3, $4)
      AND ($6::uuid[] IS NULL OR coalesce(o.booking_id, o.hold_id) <> ALL($6))"""
# Of the snapshot of the statement it stands in.
_MARK: Final = """(
    SELECT bit_xor(mark) FROM calendar_marks
    WHERE organization_id = $1 AND schedule_id = s.id)"""


class Reading(NamedTuple):
    """What is read of calendars, by which statement."""

    detail: CalendarDetail
    is_of_one: bool
    excludes: bool
    is_to_book: bool

    @property
    def has_times_alone(self) -> bool:
        return self.detail is CalendarDetail.NONE and not self.excludes

    @property
    def is_to_keep(self) -> bool:
        """Whether what is read may be kept until the calendar gets another mark."""
        return self.has_times_alone and not self.is_to_book


@cache
def read_statement(reading: Reading) -> str:
    """Two hundred bookings leave as one value: as rows, or as arrays of numbers, reading them
    takes longer than finding the slots. $6 is what is left out, unless there are times alone."""
    busy_ids, claims, bookings = DETAILS[reading.detail]
    # How many an array holds is not known when a plan for any is made: ten are taken for granted.
    schedules = "= ($2::uuid[])[1]" if reading.is_of_one else "= ANY($2::uuid[])"
    mail_off = SOME_MAIL_OFF if reading.is_to_book else "NULL"
    # KEY SHARE keeps a schedule from being deleted (which takes FOR UPDATE) under a booking.
    lock = "FOR KEY SHARE OF s" if reading.is_to_book else ""
    gate = PASSES_GATE if reading.is_to_book else ""
    mark, next_end = (_MARK, "min(o.expires_at)") if reading.is_to_keep else ("NULL", "NULL")
    return f"""
SELECT {columns_of(Schedule, "s")}, s.reads_calendars, {mail_off}, {mark}, taken.next_end,
  busy.times, busy.ids, taken.times, taken.claims, taken.bookings
FROM schedules s
LEFT JOIN LATERAL (
    SELECT {packed("b.start_time", "b.end_time")} AS times, {busy_ids} AS ids
    FROM busy_times b
    WHERE b.organization_id = $1 AND b.schedule_id = s.id
      AND tstzrange(b.start_time, b.end_time) && tstzrange($3, $4)) busy ON true
LEFT JOIN LATERAL (
    SELECT {packed("lower(o.during)", "upper(o.during)", "o.starts_at")} AS times,
      {claims} AS claims, {bookings} AS bookings, {next_end} AS next_end
    FROM {_TIMES if reading.has_times_alone else _ROWS}) taken ON true
WHERE s.organization_id = $1 AND s.id {schedules} AND s.deleted_at IS NULL{gate}
ORDER BY s.id
{lock}"""


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


class StoredCalendar(Struct, frozen=True):
    """A schedule, and what meets a range; what is taken with its buffers, which the `starts` are
    without. Ids in the same order, empty if they were not read.

    `busy` holds busy times, then what is busy in its calendars elsewhere; those are known until
    `known_until`, in epoch seconds, and None is a schedule that reads none. `some_mail_off` is of
    its organization, and None where nothing is to be booked. `mark` is the one that the calendar
    had, and None where it may not be kept; the first hold of it to end does so at `next_end`.
    """

    schedule: Schedule
    busy: PackedTimes
    taken: PackedTimes
    known_until: int | None = None
    busy_ids: Sequence[UUID] = ()
    calendar_ids: Sequence[UUID] = ()
    claims: Sequence[UUID] = ()
    bookings: Sequence[UUID | None] = ()
    some_mail_off: bool | None = None
    mark: int | None = None
    next_end: datetime | None = None

    @property
    def starts(self) -> list[int]:
        return self.taken.starts

    @property
    def packed_bytes(self) -> int:
        return self.busy.packed_bytes + self.taken.packed_bytes

    def busy_id_at(self, position: int) -> UUID | None:
        """The busy time; None for what is busy in a calendar, and where no ids were read."""
        return self.busy_ids[position] if position < len(self.busy_ids) else None

    def calendar_id_at(self, position: int) -> UUID | None:
        """The calendar elsewhere; None for a busy time, and where no ids were read."""
        if not self.calendar_ids:
            return None
        place = position - (len(self.busy) - len(self.calendar_ids))
        return self.calendar_ids[place] if place >= 0 else None


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
    reading = Reading(detail, len(schedule_ids) == 1, bool(excluded_ids), to_book)
    arguments = [tenant.organization_id, schedule_ids, *span, now]
    if not reading.has_times_alone:
        arguments.append(excluded_ids or None)
    rows = [list(row) for row in await tenant.tx.fetch(read_statement(reading), *arguments)]
    elsewhere = await load_times_elsewhere(
        tenant,
        [row[_ID_AT] for row in rows if row[_READS_CALENDARS_AT]],
        span,
        now,
        excluded_ids,
        with_calendars=detail is CalendarDetail.IDS,
    )
    return [_stored_calendar(row, elsewhere.get(row[_ID_AT], NOTHING_ELSEWHERE)) for row in rows]


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


def _stored_calendar(values: list[Any], elsewhere: TimesElsewhere) -> StoredCalendar:
    reads_calendars, some_mail_off, mark, next_end, *read = values[_READS_CALENDARS_AT:]
    busy, busy_ids, taken, claims, bookings = read
    return StoredCalendar(
        schedule_from(values),
        PackedTimes((busy or b"") + elsewhere.times if elsewhere.times else busy, width=2),
        PackedTimes(taken, width=3),
        elsewhere.known_until,
        busy_ids or (),
        elsewhere.calendar_ids or (),
        claims or (),
        bookings or (),
        some_mail_off,
        None if reads_calendars else mark,
        next_end,
    )
