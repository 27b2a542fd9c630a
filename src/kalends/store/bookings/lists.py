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
    """A condition that an index bounds. `is_few` where all that it finds is read for any page."""

    condition: str
    is_few: bool

    def and_(self, other: "ConditionPart") -> "ConditionPart":
        """What both find."""
        return ConditionPart(f"{self.condition} AND {other.condition}", self.is_few or other.is_few)

    def with_parameter(self, number: int) -> "ConditionPart":
        """A template with the parameter of that number."""
        return ConditionPart(self.condition.format(f"${number}"), self.is_few)


# As the index over it says it.
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
# What a page of rows has to hold for `COLUMNS` to be read of it.
_PAGE_COLUMNS: Final = f"{STORED_COLUMNS}, calendar_events, video"
STAMP_COLUMNS: Final = f"{ROW_STAMP} AS stamp, start_time, id, schedule_ids"
LONGEST_PAGE: Final = 500
# Of a limit that it does not know PostgreSQL takes a tenth of the rows for granted. A tenth of a
# tenth of a tenth is a row: so little promises a plan for any arguments to cost that it is kept,
# however few bookings an organization has.
TIMES_LIMITED: Final = 3
# So long a list is counted to its end. One that takes longer has its page, and is counted stretch
# by stretch, until so long after it began; a request has 4 s, and what is given up takes time too.
COUNTED_WITHIN_SECONDS: Final = 1.2
SHOWN_WITHIN_SECONDS: Final = 1.4
COUNTED_UNTIL_SECONDS: Final = 2.6
# So many are counted with the page, or all of fewer.
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
# The text, and its parameters.
Statement = tuple[str, list[Any]]


class AskedPage(NamedTuple):
    """Which bookings of an organization; without its total where `is_counted` is false."""

    organization_id: UUID
    criteria: BookingFilter
    limit: int
    offset: int
    is_counted: bool = True
    counted_at_most: int | None = None
    place: Place | None = None  # from which on it is looked for


async def list_bookings(
    tenant: TenantConnection, criteria: BookingFilter, limit: int, offset: int
) -> tuple[list[Booking], int]:
    """A page sorted by start, then id, and how many there are in all, in one snapshot: a
    MinimumTotal where they could not be counted in time. Raises Unavailable where not even the page
    can be found in time."""
    rows, total = await _fetch_counted(tenant, criteria, limit, offset, list_statement)
    found = [booking_from(row) for row in rows if row[0] is not None]
    return found[:limit], _as_total(total, offset + len(found))


async def list_stamps(
    tenant: TenantConnection, criteria: BookingFilter, limit: int, offset: int
) -> tuple[list[bytes], int]:
    """The same page and total, of each booking its stamp: which booking it is, in which state.
    Raises as that does.

    A stamp is another one whenever anything of the row is: it names the transaction that wrote it
    last. When it was changed is in it since a standby that takes over may lack transactions, and
    give their numbers to others.
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
    """The rows, of which the last two columns are the latest event and the total; and that. Of a
    list that is dear to count they may be one more than was asked for."""
    owner = tenant.organization_id
    # How much a text finds is known only for that text.
    has_text = bool(criteria.search or criteria.attendee_email)
    known = NONE_KEPT if has_text else _totals.find(owner, criteria)
    asked = AskedPage(owner, criteria, limit, offset)
    began = monotonic()
    if not _totals.is_dear(owner, criteria):
        fetch = partial(_fetch_within, tenant, statement, began + COUNTED_WITHIN_SECONDS, has_text)
        try:
            if known.total is not None:
                rows = await fetch(asked._replace(is_counted=False))
                if rows[0][-2] == known.event_id:
                    return rows, known.total
            rows = await fetch(asked)
        except TimeoutError:
            _totals.note_dear(owner, criteria)
        else:
            counted = KeptTotal(*rows[0][-2:])
            if not has_text:
                _totals.keep(owner, criteria, counted)
            return rows, counted.total or 0
    return await _fetch_dear(tenant, asked, statement, began + COUNTED_UNTIL_SECONDS)


async def _fetch_within(
    tenant: TenantConnection,
    statement: Callable[[AskedPage], Statement],
    until: float,
    is_planned: bool,
    asked: AskedPage,
) -> list[Any]:
    """Raises TimeoutError at an instant of `monotonic`."""
    sql, arguments = statement(asked)
    fetch = partial(fetch_planned, tenant.tx) if is_planned else tenant.tx.fetch
    rows: list[Any] = await fetch(sql, *arguments, timeout=until - monotonic())
    return rows


async def _fetch_dear(
    tenant: TenantConnection,
    asked: AskedPage,
    statement: Callable[[AskedPage], Statement],
    until: float,
) -> tuple[list[Any], int]:
    """The rows of a list that cannot be counted at once, and its total by stretches, in one
    snapshot; until an instant of `monotonic`. A page far behind is looked for in its stretch."""
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
    """One row more than was asked for, and only so many counted."""
    limited = asked._replace(limit=asked.limit + 1, counted_at_most=COUNTED_AT_MOST)
    sql, arguments = statement(limited)
    try:
        return await fetch_planned(tenant.tx, sql, *arguments, timeout=SHOWN_WITHIN_SECONDS)
    except TimeoutError as error:
        raise Unavailable(TOO_MANY_SAID) from error


async def _count_in_stretches(
    tenant: TenantConnection, criteria: BookingFilter, stretches: Stretches, until: float
) -> int | None:
    """None where there was no time for it, and for a list that is another one each time that it is
    asked for."""
    if criteria.ends_after is not None:
        return None
    parts, asked_for = _parts(tenant.organization_id, criteria)
    conditions = Conditions([part.condition for part in parts], asked_for)
    try:
        if not await count_stretches(tenant, criteria, conditions, stretches, until):
            return None
    except TimeoutError:
        return None
    _totals.note_dear(tenant.organization_id, criteria)
    return await total_of(tenant, criteria.after, conditions, stretches)


def _as_total(total: int, found: int) -> int:
    """With what the page itself shows that there is."""
    is_minimum = isinstance(total, MinimumTotal)
    return MinimumTotal(max(total, found)) if is_minimum else total


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
        parts = _from_place(parts, arguments, ">", after)
    page = _page(_PAGE_COLUMNS, parts, f"{limit:d}", "0")
    sql = f"SELECT {COLUMNS} FROM ({page}) bookings ORDER BY start_time, id"
    rows = await fetch_planned(tenant.tx, sql, *arguments)
    return [booking_from(row) for row in rows]


def list_statement(asked: AskedPage) -> Statement:
    """The statement holds only the conditions that are asked for, so that each fits an index.

    It always gives a row, so that the latest event and the total, the last two columns, are known
    beyond the last page too; that total is NULL where it is not to be counted.
    """
    counted, page, arguments = _counted_page(*asked)
    return (
        f"WITH {counted} SELECT page.*, counted.event_id, counted.total FROM counted"
        f" LEFT JOIN (SELECT {COLUMNS} FROM ({page.format(columns=_PAGE_COLUMNS)}) bookings) page"
        " ON true ORDER BY start_time, id"
    ), arguments


def stamps_statement(asked: AskedPage) -> Statement:
    """The same with the page's stamps alone, one after the other: reading a value takes a tenth
    of the time that reading its rows does."""
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
    """What counts, a page with its columns left open, and what both ask for."""
    parts, arguments = _parts(organization_id, criteria)
    if counted_at_most is not None:  # so many that their order is the way to the first of them
        parts = [part._replace(is_few=False) for part in parts]
    if place is not None:
        parts = _from_place(parts, arguments, ">=", place)
    arguments.append(limit)
    last = len(arguments)
    is_kept = counted_at_most is None  # a plan for any arguments
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
    """In order, or PostgreSQL looks through all organizations for the first ones."""
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
    """Of what the parts find, what stands at or after a place, which is added to the arguments."""
    arguments += place
    beyond = f"(start_time, id) {is_beyond} (${len(arguments) - 1}, ${len(arguments)})"
    return [part.and_(ConditionPart(beyond, is_few=False)) for part in parts]


def _page(columns: str, parts: Sequence[ConditionPart], limit: str, offset: str) -> str:
    """A page of what all parts find together, in order."""
    order = "ORDER BY start_time, id LIMIT"
    select = f"SELECT {columns} FROM bookings WHERE"
    if _is_in_order(parts):
        return f"{select} {parts[0].condition} {order} {limit} OFFSET {offset}"
    # OFFSET 0: what is few is planned by itself, never for the order of the whole.
    ends = {True: "OFFSET 0", False: f"{order} {limit} + {offset}"}
    union = " UNION ALL ".join(f"({select} {part.condition} {ends[part.is_few]})" for part in parts)
    return f"SELECT * FROM ({union}) met {order} {limit} OFFSET {offset}"


def _is_in_order(parts: Sequence[ConditionPart]) -> bool:
    """Whether one index may give the page as it is asked for."""
    return len(parts) == 1 and not parts[0].is_few


def _parts(organization_id: UUID, criteria: BookingFilter) -> tuple[list[ConditionPart], list[Any]]:
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
