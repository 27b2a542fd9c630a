"""Pages of bookings, with how many there are in all: which statement answers a filter soonest."""

from collections.abc import Callable, Sequence
from datetime import datetime
from functools import partial
from time import monotonic
from typing import Any, Final, NamedTuple
from uuid import UUID

from kalends.domain.booking import (
    Booking,
    BookingFilter,
    MinimumTotal,
)
from kalends.domain.errors import Unavailable
from kalends.store.bookings.bookings import (
    COLUMNS,
    HOSTS_STAMP,
    LATEST_EVENT,
    ROW_STAMP,
    STAMP_BYTES,
    STORED_COLUMNS,
    booking_from,
)
from kalends.store.bookings.kept_totals import NONE_KEPT, KeptTotal, KeptTotals
from kalends.store.bookings.search import address_pattern
from kalends.store.bookings.stretches import (
    Conditions,
    Place,
    Stretches,
    count_stretches,
    kept_stretches,
    total_of,
)
from kalends.store.database import TenantConnection, fetch_planned


class ConditionPart(NamedTuple):
    """A condition that an index can answer. `is_few` says that it finds so few bookings that all
    of them are read for any page."""

    condition: str
    is_few: bool

    def and_(self, other: "ConditionPart") -> "ConditionPart":
        """The condition that holds where both do."""
        return ConditionPart(f"{self.condition} AND {other.condition}", self.is_few or other.is_few)

    def with_parameter(self, number: int) -> "ConditionPart":
        """The condition of a template, with the number of its parameter filled in."""
        return ConditionPart(self.condition.format(f"${number}"), self.is_few)


# Exactly the expression of the index over it.
DURING: Final = "tstzrange(start_time, end_time)"
_ON_SCHEDULE: Final = (
    ConditionPart("schedule_id = {0}::uuid", is_few=False),
    ConditionPart(
        "cardinality(schedule_ids) > 1 AND schedule_ids @> ARRAY[{0}::uuid]"
        " AND schedule_id <> {0}::uuid",
        is_few=True,
    ),
)
_AMONG_SCHEDULES: Final = (
    ConditionPart("schedule_id = ANY({0}::uuid[])", is_few=False),
    ConditionPart(
        "cardinality(schedule_ids) > 1 AND schedule_ids && {0}::uuid[]"
        " AND schedule_id <> ALL({0}::uuid[])",
        is_few=True,
    ),
)
_ENDS_AFTER: Final = (
    ConditionPart(
        "start_time < {0}::timestamptz AND " + DURING + " @> {0}::timestamptz", is_few=True
    ),
    ConditionPart("start_time >= {0}::timestamptz", is_few=False),
)
# The columns that a page has to select so that `COLUMNS` can be read from it.
_PAGE_COLUMNS: Final = f"{STORED_COLUMNS}, calendar_events, video"
STAMP_COLUMNS: Final = f"{ROW_STAMP} AS stamp, start_time, id, schedule_ids"
LONGEST_PAGE: Final = 500
# PostgreSQL assumes that a LIMIT whose value it does not know takes a tenth of the rows. Three of
# them leave about one row, which makes the generic plan look so cheap that PostgreSQL keeps it,
# however few bookings an organization has.
TIMES_LIMITED: Final = 3
# How long a list may take to be counted in one statement. For one that takes longer, only its page
# is read, within the second limit, and it is counted stretch by stretch until the third, since the
# beginning. A request has 4 s, and cancelling a statement takes time too.
COUNTED_WITHIN_SECONDS: Final = 1.2
SHOWN_WITHIN_SECONDS: Final = 1.4
COUNTED_UNTIL_SECONDS: Final = 2.6
# Up to so many bookings of a slow list are counted together with its page.
COUNTED_AT_MOST: Final = 10_000
TOO_MANY_SAID: Final = (
    "Looking through so many bookings takes too long. Please ask for fewer of them: those of a"
    " schedule, or of some days."
)
BEING_COUNTED_SAID: Final = (
    "These bookings are so many that they are still being counted. Please ask again in some"
    " seconds, or for fewer of them: those of a schedule, or of some days."
)
_totals: Final = KeptTotals()
# The SQL text, and its arguments.
Statement = tuple[str, list[Any]]


class AskedPage(NamedTuple):
    """The page of bookings that is asked for; without the total unless `is_counted`."""

    organization_id: UUID
    criteria: BookingFilter
    limit: int
    offset: int
    is_counted: bool = True
    counted_at_most: int | None = None
    place: Place | None = None  # where the search for it begins


async def list_bookings(
    tenant: TenantConnection, criteria: BookingFilter, limit: int, offset: int
) -> tuple[list[Booking], int]:
    """A page sorted by start, then id, and the total, from one snapshot.

    The total is a MinimumTotal if it could not be counted in time. Raises Unavailable if not even
    the page could be read in time.
    """
    rows, total = await _fetch_counted(tenant, criteria, limit, offset, list_statement)
    found = [booking_from(row) for row in rows if row[0] is not None]
    return found[:limit], _as_total(total, offset + len(found))


async def list_stamps(
    tenant: TenantConnection, criteria: BookingFilter, limit: int, offset: int
) -> tuple[list[bytes], int]:
    """Like `list_bookings`, but with each booking's stamp, which identifies the booking and its
    state.

    A stamp differs whenever anything in the row does, because it contains the transaction that
    wrote the row last. It also contains the time of the change: a standby that takes over may lack
    some transactions and give their numbers to others.
    """
    rows, total = await _fetch_counted(tenant, criteria, limit, offset, stamps_statement)
    packed: bytes = rows[0][0] or b""
    found = [packed[at : at + STAMP_BYTES] for at in range(0, len(packed), STAMP_BYTES)]
    return found[:limit], _as_total(total, offset + len(found))


async def _fetch_counted(
    tenant: TenantConnection,
    criteria: BookingFilter,
    limit: int,
    offset: int,
    statement: Callable[[AskedPage], Statement],
) -> tuple[list[Any], int]:
    """The rows, whose last two columns are the latest event and the total; and the total. A list
    that is slow to count may have one row more than the limit."""
    owner = tenant.organization_id
    # A generic plan does not fit a search, as each text matches a different share of the bookings.
    has_text = bool(criteria.search or criteria.attendee_email)
    known = NONE_KEPT if has_text else _totals.find(owner, criteria)
    asked = AskedPage(owner, criteria, limit, offset)
    began = monotonic()
    if not _totals.is_slow(owner, criteria):
        fetch = partial(_fetch_within, tenant, statement, began + COUNTED_WITHIN_SECONDS, has_text)
        try:
            if known.total is not None:
                rows = await fetch(asked._replace(is_counted=False))
                if rows[0][-2] == known.event_id:
                    return rows, known.total
            rows = await fetch(asked)
        except TimeoutError:
            _totals.note_slow(owner, criteria)
        else:
            counted = KeptTotal(*rows[0][-2:])
            if not has_text:
                _totals.keep(owner, criteria, counted)
            return rows, counted.total or 0
    return await _fetch_slow(tenant, asked, statement, began + COUNTED_UNTIL_SECONDS)


async def _fetch_within(
    tenant: TenantConnection,
    statement: Callable[[AskedPage], Statement],
    until: float,
    is_planned: bool,
    asked: AskedPage,
) -> list[Any]:
    """The rows of a statement. Raises TimeoutError at the instant `until`, by `monotonic`."""
    sql, arguments = statement(asked)
    fetch = partial(fetch_planned, tenant.tx) if is_planned else tenant.tx.fetch
    rows: list[Any] = await fetch(sql, *arguments, timeout=until - monotonic())
    return rows


async def _fetch_slow(
    tenant: TenantConnection,
    asked: AskedPage,
    statement: Callable[[AskedPage], Statement],
    until: float,
) -> tuple[list[Any], int]:
    """The rows of a list that is slow to count, and its total, counted by stretches in the same
    snapshot until an instant of `monotonic`. A page with a large offset is searched for only in the
    stretch that it is in."""
    stretches = kept_stretches(tenant.organization_id, asked.criteria)
    async with tenant.tx.transaction(isolation="repeatable_read", readonly=True):
        total = None
        if asked.offset >= COUNTED_AT_MOST and asked.criteria.after is None:
            total = await _count_in_stretches(tenant, asked.criteria, stretches, until)
            if total is None:
                raise Unavailable(BEING_COUNTED_SAID)
            place, passed = stretches.place_of(asked.offset)
            asked = asked._replace(offset=asked.offset - passed, place=place)
        rows = await _fetch_limited(tenant, asked, statement)
        found: int = rows[0][-1]
        if total is None and found < COUNTED_AT_MOST:
            return rows, found
        if total is None:
            total = await _count_in_stretches(tenant, asked.criteria, stretches, until)
    return rows, MinimumTotal(max(found, stretches.known())) if total is None else total


async def _fetch_limited(
    tenant: TenantConnection, asked: AskedPage, statement: Callable[[AskedPage], Statement]
) -> list[Any]:
    """The page with one row more than the limit, and a count that stops at COUNTED_AT_MOST. Raises
    Unavailable if that takes too long."""
    limited = asked._replace(limit=asked.limit + 1, counted_at_most=COUNTED_AT_MOST)
    sql, arguments = statement(limited)
    try:
        return await fetch_planned(tenant.tx, sql, *arguments, timeout=SHOWN_WITHIN_SECONDS)
    except TimeoutError as error:
        raise Unavailable(TOO_MANY_SAID) from error


async def _count_in_stretches(
    tenant: TenantConnection, criteria: BookingFilter, stretches: Stretches, until: float
) -> int | None:
    """The total. None if there was no time to count it, or for a list that is different each time,
    as its criteria name the current time."""
    if criteria.ends_after is not None:
        return None
    parts, asked_for = _parts(tenant.organization_id, criteria)
    conditions = Conditions([part.condition for part in parts], asked_for)
    try:
        if not await count_stretches(tenant, criteria, conditions, stretches, until):
            return None
    except TimeoutError:
        return None
    _totals.note_slow(tenant.organization_id, criteria)
    return await total_of(tenant, criteria.after, conditions, stretches)


def _as_total(total: int, found: int) -> int:
    """The total; one that is only a minimum is raised to what the page itself shows to exist."""
    is_minimum = isinstance(total, MinimumTotal)
    return MinimumTotal(max(total, found)) if is_minimum else total


async def list_bookings_after(
    tenant: TenantConnection,
    criteria: BookingFilter,
    after: tuple[datetime, UUID] | None,
    limit: int,
) -> list[Booking]:
    """The next bookings after a start and id, in the same order. Reading a whole list this way
    reads each row once."""
    parts, arguments = _parts(tenant.organization_id, criteria)
    if after is not None:
        parts = _from_place(parts, arguments, ">", after)
    page = _page(_PAGE_COLUMNS, parts, f"{limit:d}", "0")
    sql = f"SELECT {COLUMNS} FROM ({page}) bookings ORDER BY start_time, id"
    rows = await fetch_planned(tenant.tx, sql, *arguments)
    return [booking_from(row) for row in rows]


def list_statement(asked: AskedPage) -> Statement:
    """The statement for a page. It only has the conditions that the criteria need, so that an index
    fits each.

    It always returns a row, so that the last two columns, the latest event and the total, are known
    beyond the last page too. The total is NULL if it is not to be counted.
    """
    counted, page, arguments = _counted_page(*asked)
    return (
        f"WITH {counted} SELECT page.*, counted.event_id, counted.total FROM counted"
        f" LEFT JOIN (SELECT {COLUMNS} FROM ({page.format(columns=_PAGE_COLUMNS)}) bookings) page"
        " ON true ORDER BY start_time, id"
    ), arguments


def stamps_statement(asked: AskedPage) -> Statement:
    """The statement for a page's stamps, concatenated: reading that one value takes a tenth of the
    time of reading rows."""
    counted, page, arguments = _counted_page(*asked)
    return (
        f"WITH {counted} SELECT"
        f" (SELECT string_agg(stamp || {HOSTS_STAMP}, '' ORDER BY start_time, id)"
        f" FROM ({page.format(columns=STAMP_COLUMNS)}) bookings), event_id, total FROM counted"
    ), arguments


def _counted_page(
    organization_id: UUID,
    criteria: BookingFilter,
    limit: int,
    offset: int,
    is_counted: bool,
    counted_at_most: int | None,
    place: Place | None,
) -> tuple[str, str, list[Any]]:
    """The common table expressions that count, the page with a placeholder for its columns, and the
    arguments of both."""
    parts, arguments = _parts(organization_id, criteria)
    if counted_at_most is not None:  # with so many, following the order finds the first soonest
        parts = [part._replace(is_few=False) for part in parts]
    if place is not None:
        parts = _from_place(parts, arguments, ">=", place)
    arguments.append(limit)
    last = len(arguments)
    is_kept = counted_at_most is None  # whether PostgreSQL is to keep a generic plan
    if is_kept and _is_in_order(parts) and offset == 0 and limit <= LONGEST_PAGE:
        page = _page("{columns}", parts, str(LONGEST_PAGE), "0")
        for level in range(TIMES_LIMITED):
            page = f"SELECT * FROM ({page}) first_{level} LIMIT ${last}::bigint"
    else:
        arguments.append(offset)
        page = _page("{columns}", parts, f"${last}::bigint", f"${last + 1}::bigint")
    counts = _count(parts, counted_at_most) if is_counted else "NULL::bigint"
    counted = (
        f"latest AS MATERIALIZED ({LATEST_EVENT}),"
        f" counted AS (SELECT latest.id AS event_id, {counts} AS total FROM latest)"
    )
    return counted, page, arguments


def _count(parts: Sequence[ConditionPart], at_most: int | None) -> str:
    """The count. With a limit it is ordered, as PostgreSQL would search all organizations for the
    first rows otherwise."""
    most = "" if at_most is None else f" ORDER BY start_time, id LIMIT {at_most:d}"
    return " + ".join(
        f"(SELECT count(*) FROM (SELECT FROM bookings WHERE {part.condition}{most}) met)"
        for part in parts
    )


def _from_place(
    parts: Sequence[ConditionPart],
    arguments: list[Any],
    is_beyond: str,
    place: tuple[datetime, UUID],
) -> list[ConditionPart]:
    """The parts, limited to bookings from a place on, which is added to the arguments."""
    arguments += place
    beyond = f"(start_time, id) {is_beyond} (${len(arguments) - 1}, ${len(arguments)})"
    return [part.and_(ConditionPart(beyond, is_few=False)) for part in parts]


def _page(columns: str, parts: Sequence[ConditionPart], limit: str, offset: str) -> str:
    """A page of the bookings that all parts find together, in order."""
    order = "ORDER BY start_time, id LIMIT"
    select = f"SELECT {columns} FROM bookings WHERE"
    if _is_in_order(parts):
        return f"{select} {parts[0].condition} {order} {limit} OFFSET {offset}"
    # OFFSET 0 makes PostgreSQL plan a part with few bookings by itself, not for the common order.
    ends = {True: "OFFSET 0", False: f"{order} {limit} + {offset}"}
    union = " UNION ALL ".join(f"({select} {part.condition} {ends[part.is_few]})" for part in parts)
    return f"SELECT * FROM ({union}) met {order} {limit} OFFSET {offset}"


def _is_in_order(parts: Sequence[ConditionPart]) -> bool:
    """Whether a single index can give the page in its order."""
    return len(parts) == 1 and not parts[0].is_few


def _parts(organization_id: UUID, criteria: BookingFilter) -> tuple[list[ConditionPart], list[Any]]:
    """The conditions in parts, and their arguments. Parts have no booking in common, and each can
    be answered by an index.

    A schedule gives two parts: bookings that take it first, and those that take it further back in
    their list. An end after an instant gives two: bookings that are running then, and those that
    begin then or later.
    """
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
    parts = [ConditionPart(" AND ".join(conditions), is_few)]
    for value, halves in (
        (criteria.schedule_id, _ON_SCHEDULE),
        (criteria.among_schedules, _AMONG_SCHEDULES),
        (criteria.ends_after, _ENDS_AFTER),
    ):
        if value is not None:
            arguments.append(value)
            numbered = [half.with_parameter(len(arguments)) for half in halves]
            parts = [part.and_(half) for part in parts for half in numbered]
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
