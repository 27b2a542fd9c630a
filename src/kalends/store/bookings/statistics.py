"""Statistics of bookings over a range of days and the range before.

The bounds of days and the offsets of the clock come from the availability engine, never from SQL.
Each statement reads its bookings once, and counts them in a small number of groups.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final, NamedTuple
from uuid import UUID

from msgspec import Struct

from kalends.domain.booking import Host
from kalends.store.database import TenantConnection, fetch_planned


class StatisticsScope(Struct, frozen=True):
    """Which bookings are counted: those that start from the first of the `bounds` to before the
    last. From `turns_at` on they belong to the range itself, before it to the range before. They
    take one of the schedules in `among`; None means any."""

    bounds: Sequence[datetime]
    turns_at: datetime
    among: Sequence[UUID] | None = None


class Counted(Struct, frozen=True):
    """How many bookings of a status are in a group. `kind` says what the group is: "span" (the
    number of the span between two bounds, from 0), "event_type" (its id), "source", or "lead" (the
    number of the span of lead times, from 0). `lead_seconds` is the sum of their lead times."""

    kind: str
    group: Any
    is_now: bool
    status: str
    count: int
    lead_seconds: float


class TakenCount(Struct, frozen=True):
    """How many bookings of a status take exactly these schedules, and for how many seconds."""

    schedule_ids: Sequence[UUID]
    is_now: bool
    status: str
    count: int
    seconds: float


class TakenCounts(NamedTuple):
    """Counts by lists of schedules; and by hour of the week how many bookings that were not
    cancelled start in it, in the range and in the one before."""

    by_schedules: Sequence[TakenCount]
    by_hour: Sequence[tuple[int, bool, int]]


# The kind of a group and its column, by the value of GROUPING: a bit for each ungrouped column.
KINDS: Final = {
    0b0111: ("span", "span"),
    0b1011: ("event_type", "event_type_id"),
    0b1101: ("source", "source"),
    0b1110: ("lead", "lead"),
}
_IN_RANGE: Final = """
    b.organization_id = $1 AND b.start_time >= $2::timestamptz AND b.start_time < $3::timestamptz
    AND ($5::uuid[] IS NULL OR b.schedule_ids && $5)
"""
# `extract` would give exact numerics, which take five times as long as `date_part`'s floats. Bounds
# are in seconds, as `width_bucket` compares floats directly, and instants by calling a function.
_LENGTH: Final = "date_part('epoch', b.end_time) - date_part('epoch', b.start_time)"
COUNTS: Final = f"""
SELECT grouping(span, event_type_id, source, lead) AS kind, span, event_type_id, source, lead,
    is_now, status, sum(counted)::bigint, sum(lead_seconds)
FROM (
    SELECT width_bucket(starts, $6::float8[]) - 1 AS span, event_type_id, source,
        width_bucket(greatest(starts - made, 0), $7::float8[]) - 1 AS lead, is_now,
        status, count(*) AS counted, sum(greatest(starts - made, 0)) AS lead_seconds
    FROM (
        SELECT date_part('epoch', b.start_time) AS starts, date_part('epoch', b.created_at) AS made,
            b.start_time >= $4::timestamptz AS is_now, b.event_type_id, b.source, b.status
        FROM bookings b WHERE {_IN_RANGE} OFFSET 0) b
    GROUP BY 1, 2, 3, 4, 5, 6
) counts
GROUP BY GROUPING SETS (
    (is_now, status, span), (is_now, status, event_type_id), (is_now, status, source),
    (is_now, status, lead))
"""
# Hours of the wall clock since Monday's midnight; 1970-01-01 was a Thursday. Many bookings take few
# different lists of schedules, so one read gives both counts.
TAKEN: Final = f"""
SELECT schedule_ids, hour, is_now, status, sum(counted)::bigint, sum(seconds) FROM (
    SELECT schedule_ids,
        ((starts::bigint + ($6::bigint[])[width_bucket(starts, $7::float8[])]) / 3600 + 72) % 168
            AS hour,
        is_now, status, count(*) AS counted, sum(ends - starts) AS seconds
    FROM (
        SELECT date_part('epoch', b.start_time) AS starts, date_part('epoch', b.end_time) AS ends,
            b.start_time >= $4::timestamptz AS is_now, b.schedule_ids, b.status
        FROM bookings b WHERE {_IN_RANGE} OFFSET 0) b
    GROUP BY 1, 2, 3, 4
) counts
GROUP BY GROUPING SETS ((is_now, status, schedule_ids), (is_now, status, hour))
"""
# Includes deleted schedules, as their bookings still exist.
HOSTS: Final = """
SELECT id, user_id, coalesce(public_name, name) FROM schedules
WHERE organization_id = $1 AND user_id IS NOT NULL ORDER BY deleted_at IS NOT NULL, id
"""
# The seats of a group session share their time, which counts once; this is the time of all others.
SHARED: Final = f"""
SELECT id, is_now, sum((seats - 1) * seconds) FROM (
    SELECT taken.id, b.start_time >= $4::timestamptz AS is_now, count(*) AS seats,
        max({_LENGTH}) AS seconds
    FROM event_types e JOIN bookings b ON b.organization_id = $1 AND b.event_type_id = e.id
        CROSS JOIN LATERAL unnest(b.schedule_ids) AS taken (id)
    WHERE e.organization_id = $1 AND e.capacity > 1 AND {_IN_RANGE}
        AND b.status IN ('PENDING', 'CONFIRMED', 'COMPLETED') AND NOT b.conflict
    GROUP BY taken.id, b.event_type_id, b.start_time, b.end_time HAVING count(*) > 1
) sessions GROUP BY 1, 2
"""


async def count_bookings(
    tenant: TenantConnection, scope: StatisticsScope, lead_bounds: Sequence[float]
) -> list[Counted]:
    """Counts the bookings of a scope by span, event type, source and lead time. `lead_bounds` are
    in seconds and begin with 0."""
    bounds = [at.timestamp() for at in scope.bounds[:-1]]
    arguments = *_arguments(tenant, scope), bounds, lead_bounds
    rows = await fetch_planned(tenant.tx, COUNTS, *arguments)
    return [_counted_from(row) for row in rows]


async def count_taken(
    tenant: TenantConnection, scope: StatisticsScope, offsets: Sequence[tuple[datetime, int]]
) -> TakenCounts:
    """Counts the bookings of a scope by the schedules that they take, and by the hour of the week
    in which they start. `offsets` say when the clock changes, and to how many seconds east of UTC.
    """
    changes = [offset for _, offset in offsets], [at.timestamp() for at, _ in offsets]
    rows = await fetch_planned(tenant.tx, TAKEN, *_arguments(tenant, scope), *changes)
    by_hour = [row for row in rows if row[0] is None and row[3] != "CANCELLED"]
    return TakenCounts(
        [TakenCount(row[0], *row[2:]) for row in rows if row[0] is not None],
        [(row[1], row[2], row[4]) for row in by_hour],
    )


async def list_hosts(tenant: TenantConnection) -> list[Host]:
    """The schedules that belong to a user, with their public names; deleted ones come last."""
    return [Host(*row) for row in await tenant.tx.fetch(HOSTS, tenant.organization_id)]


async def shared_seconds(
    tenant: TenantConnection, scope: StatisticsScope
) -> dict[tuple[UUID, bool], float]:
    """How many seconds are counted too often because seats of a session share them; by schedule,
    and by whether they are in the range itself."""
    rows = await fetch_planned(tenant.tx, SHARED, *_arguments(tenant, scope))
    return {(row[0], row[1]): float(row[2]) for row in rows}


def _arguments(tenant: TenantConnection, scope: StatisticsScope) -> tuple[Any, ...]:
    first, last = scope.bounds[0], scope.bounds[-1]
    return tenant.organization_id, first, last, scope.turns_at, scope.among


def _counted_from(row: Any) -> Counted:
    kind, column = KINDS[row["kind"]]
    return Counted(kind, row[column], row["is_now"], row["status"], row[7], row[8])
