"""Loads the calendars of schedules for the engine: hours, claims and busy times within one range.

It is one query, and a second one if some of the schedules read calendars elsewhere.
"""

from collections.abc import Sequence
from datetime import datetime
from enum import Enum, auto
from functools import cache
from typing import Any, Final, NamedTuple
from uuid import UUID

from msgspec import Raw, Struct, structs

from kalends.domain.schedule import Schedule
from kalends.store.availability.calendars_elsewhere import (
    TimesElsewhere,
    load_times_elsewhere,
)
from kalends.store.availability.packed import PackedTimes, packed
from kalends.store.availability.schedules import PASSES_GATE, schedule_from
from kalends.store.database import TenantConnection
from kalends.store.outbox.templates import SOME_MAIL_OFF
from kalends.store.rows import columns_of


class CalendarDetail(Enum):
    """Which ids are read beside the times of a calendar."""

    NONE = auto()
    CLAIMS = auto()
    IDS = auto()


# The columns of busy time ids, of claims, and of booking ids, as far as they are asked for.
DETAILS: Final = {
    CalendarDetail.NONE: ("NULL", "NULL", "NULL"),
    CalendarDetail.CLAIMS: ("NULL", "array_agg(o.claim_id)", "NULL"),
    CalendarDetail.IDS: (
        "array_agg(b.id)",
        "array_agg(o.claim_id)",
        "array_agg(o.booking_id)",
    ),
}
_READS_CALENDARS_AT: Final = len(Schedule.__struct_fields__)
_OF_SCHEDULE: Final = """o.organization_id = $1 AND o.schedule_id = s.id
      AND (o.expires_at IS NULL OR o.expires_at > $5)"""
# Times without ids come from an index that has those of a schedule side by side, in the order of
# their beginning. A claim that began within the day before the span may last into it; longer ones
# have an index of their own. Neither index knows whose the time is. Schedule and time are compared
# as one row value, which only an ordered index can do: otherwise, with ten million claims,
# PostgreSQL preferred the index of the constraint, and fetched each claim.
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
# The schedule's mark, as of the snapshot of the statement that this is part of.
_MARK: Final = """(
    SELECT bit_xor(mark) FROM calendar_marks
    WHERE organization_id = $1 AND schedule_id = s.id)"""


class Reading(NamedTuple):
    """What is read of calendars, which decides on the statement."""

    detail: CalendarDetail
    is_of_one: bool
    excludes: bool
    is_to_book: bool

    @property
    def has_times_alone(self) -> bool:
        return self.detail is CalendarDetail.NONE and not self.excludes

    @property
    def is_to_keep(self) -> bool:
        """Whether the calendars may be kept in memory until their marks change."""
        return self.has_times_alone and not self.is_to_book


@cache
def read_statement(reading: Reading) -> str:
    """The statement that reads calendars. The times of a schedule come as one packed value: with
    two hundred bookings, reading rows or arrays of numbers takes longer than finding the slots. $6
    is what is left out, which a reading of times alone does not have."""
    busy_ids, claims, bookings = DETAILS[reading.detail]
    # A generic plan does not know the length of an array: PostgreSQL assumes ten items.
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


class StoredCalendar(Struct, frozen=True):
    """A schedule, and its claims and busy times that overlap a range.

    Claims include their buffers, and `starts` are the starts without them. Ids are in the same
    order as the times, or empty if they were not read. `busy` has the busy times, then the busy
    pieces of calendars elsewhere. Those are known until `known_until`, in epoch seconds; None means
    that the schedule reads no calendars. `some_mail_off` is about the organization; None if nothing
    is to be booked. `mark` is the mark of the calendar when it was read; None if the calendar may
    not be kept. `next_end` is when the first of its holds ends. `schedule_size` is the length of
    the schedule's texts as they were sent.
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
    reads_calendars: bool = False
    mark: int | None = None
    next_end: datetime | None = None
    schedule_size: int = 0

    @property
    def starts(self) -> list[int]:
        return self.taken.starts

    @property
    def size(self) -> int:
        """How many bytes were sent for it; in memory it takes up to seven times as many."""
        return self.schedule_size + self.busy.packed_bytes + self.taken.packed_bytes

    def busy_id_at(self, position: int) -> UUID | None:
        """The busy time's id; None for a busy piece of a calendar, or if no ids were read."""
        return self.busy_ids[position] if position < len(self.busy_ids) else None

    def calendar_id_at(self, position: int) -> UUID | None:
        """The id of the calendar elsewhere; None for a busy time, or if no ids were read."""
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
    """The calendars of those schedules that exist, sorted by id, with all that overlaps `span`.

    Holds that have ended by `now` are left out, and so are the bookings and holds in
    `excluded_ids`. `to_book` keeps the schedules from being deleted until the transaction ends.
    """
    reading = Reading(detail, len(schedule_ids) == 1, bool(excluded_ids), to_book)
    calendars = await read_calendars(tenant, reading, schedule_ids, span, now, excluded_ids)
    return await with_times_elsewhere(
        tenant,
        calendars,
        span,
        now,
        excluded_ids,
        with_calendars=detail is CalendarDetail.IDS,
    )


async def read_calendars(
    tenant: TenantConnection,
    reading: Reading,
    schedule_ids: Sequence[UUID],
    span: tuple[datetime, datetime],
    now: datetime,
    excluded_ids: Sequence[UUID] = (),
) -> list[StoredCalendar]:
    """Like `load_calendars`, without the busy pieces of calendars elsewhere."""
    arguments = [tenant.organization_id, schedule_ids, *span, now]
    if not reading.has_times_alone:
        arguments.append(excluded_ids or None)
    rows = await tenant.tx.fetch(read_statement(reading), *arguments)
    return [_stored_calendar(row) for row in rows]


async def with_times_elsewhere(
    tenant: TenantConnection,
    calendars: list[StoredCalendar],
    span: tuple[datetime, datetime],
    now: datetime,
    excluded_ids: Sequence[UUID] = (),
    *,
    with_calendars: bool = False,
) -> list[StoredCalendar]:
    """The calendars with the busy pieces of the calendars elsewhere that they read. Marks do not
    tell when those change."""
    reading = [calendar.schedule.id for calendar in calendars if calendar.reads_calendars]
    if not reading:
        return calendars
    elsewhere = await load_times_elsewhere(
        tenant, reading, span, now, excluded_ids, with_calendars=with_calendars
    )
    return [_with_times(c, elsewhere.get(c.schedule.id)) for c in calendars]


def _stored_calendar(row: Any) -> StoredCalendar:
    values = list(row)
    reads_calendars, some_mail_off, mark, next_end, *read = values[_READS_CALENDARS_AT:]
    busy, busy_ids, taken, claims, bookings = read
    return StoredCalendar(
        schedule_from(values),
        PackedTimes(busy, width=2),
        PackedTimes(taken, width=3),
        busy_ids=busy_ids or (),
        claims=claims or (),
        bookings=bookings or (),
        some_mail_off=some_mail_off,
        reads_calendars=reads_calendars,
        mark=mark,
        next_end=next_end,
        schedule_size=sum(len(v) for v in values[:_READS_CALENDARS_AT] if isinstance(v, str | Raw)),
    )


def _with_times(calendar: StoredCalendar, elsewhere: TimesElsewhere | None) -> StoredCalendar:
    if elsewhere is None:
        return calendar
    return structs.replace(
        calendar,
        busy=calendar.busy.with_more(elsewhere.times or b""),
        known_until=elsewhere.known_until,
        calendar_ids=elsewhere.calendar_ids or (),
        mark=None,
    )
