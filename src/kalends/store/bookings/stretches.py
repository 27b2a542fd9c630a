"""Totals of lists that are too long to be counted in one statement.

The bookings of an organization, in their order, are cut into stretches. Each stretch is counted by
itself, as many as there is time for, and the counts are kept, so that the next request goes on from
there. Later, a stretch is only counted again if something has happened in it. The events of the
organization tell (see `kept_totals`), as each says when its booking starts and started before.
"""

from bisect import bisect_left, bisect_right
from collections import OrderedDict
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from time import monotonic
from typing import Any, Final, NamedTuple
from uuid import UUID

from msgspec import structs

from kalends.domain.booking import BookingFilter
from kalends.store.database import TenantConnection, fetch_planned

BOOKINGS_IN_STRETCH: Final = 20_000
# If there are more events than this since the last count, all stretches are counted again.
MOST_EVENTS: Final = 1_000
# Only somebody with a database client changes bookings without an event.
KEPT_SECONDS: Final = 3_600.0
# The lists that are kept; one of ten million bookings takes some 100 kB.
MOST_KEPT: Final = 50

LATEST: Final = """
SELECT number, id FROM events WHERE organization_id = $1 ORDER BY number DESC LIMIT 1
"""
SINCE: Final = """
SELECT number, id, (data ->> 'start_time')::timestamptz,
    (previous ->> 'start_time')::timestamptz, type LIKE 'booking.%'
FROM events WHERE organization_id = $1 AND number >= $2 ORDER BY number LIMIT $3
"""
# With poor statistics PostgreSQL would read and sort the whole table for each stretch.
IN_ORDER: Final = "SET LOCAL enable_sort = off; SET LOCAL enable_bitmapscan = off"
NEXT_PLACE: Final = """
SELECT start_time, id FROM bookings
WHERE organization_id = $1 AND (start_time, id) >= ($2, $3) AND (start_time, id) < ($4, $5)
ORDER BY start_time, id OFFSET $6 LIMIT 1
"""


class Place(NamedTuple):
    """The place of a booking in the order of all."""

    start_time: datetime
    id: UUID


FIRST: Final = Place(datetime(1, 1, 1, tzinfo=UTC), UUID(int=0))
LAST: Final = Place(datetime(9999, 12, 31, tzinfo=UTC), UUID(int=2**128 - 1))


class Conditions(NamedTuple):
    """The conditions of a list, in parts that have no booking in common, and their arguments, of
    which the organization is the first."""

    parts: Sequence[str]
    arguments: Sequence[Any]


class Stretches:
    """How many bookings of a list each stretch has, as of an event; None if that is not known.
    A stretch goes from its place up to that of the next one."""

    def __init__(self) -> None:
        self.number = 0
        self.event_id: UUID | None = None
        self.places: list[Place] = [FIRST]
        self.counts: list[int | None] = [None]

    def copy(self) -> "Stretches":
        """A copy, which can be brought up to date with another snapshot."""
        other = Stretches()
        other.number, other.event_id = self.number, self.event_id
        other.places, other.counts = [*self.places], [*self.counts]
        return other

    def forget_around(self, start_times: Iterable[datetime]) -> None:
        """Forgets the counts of the stretches that may have a booking with one of these starts."""
        starts = [place.start_time for place in self.places]
        for start_time in start_times:
            first = max(bisect_left(starts, start_time) - 1, 0)
            for at in range(first, bisect_right(starts, start_time)):
                self.counts[at] = None

    def begin_at(self, after: datetime | None) -> int:
        """The index of the stretch around an instant; those before it need not be counted."""
        if after is None:
            return 0
        if len(self.places) == 1:
            self.places.append(Place(after, FIRST.id))
            self.counts.append(None)
        return bisect_right([place.start_time for place in self.places], after) - 1

    def known(self) -> int:
        """The sum of the known counts: the list has at least so many bookings."""
        return sum(count or 0 for count in self.counts)

    def place_of(self, offset: int) -> tuple[Place, int]:
        """Where the stretch begins that has the booking with this offset, and how many bookings
        there are before that place."""
        passed = 0
        for place, count in zip(self.places, self.counts, strict=True):
            if passed + (count or 0) > offset:
                return place, passed
            passed += count or 0
        return LAST, passed

    def end_of(self, at: int) -> Place:
        return self.places[at + 1] if at + 1 < len(self.places) else LAST


class KeptStretches:
    """Of one process: those of the lists that were asked for last."""

    def __init__(self) -> None:
        self._kept: OrderedDict[tuple[UUID, BookingFilter], tuple[Stretches, float]] = OrderedDict()

    def find(self, organization_id: UUID, criteria: BookingFilter) -> Stretches:
        """A copy of what is kept. It must be taken before the caller's snapshot, so that the
        snapshot sees all that the counts do."""
        kept, since = self._kept.get((organization_id, criteria), (Stretches(), 0.0))
        return kept.copy() if since > monotonic() - KEPT_SECONDS else Stretches()

    def keep(self, organization_id: UUID, criteria: BookingFilter, counted: Stretches) -> None:
        """Keeps the counts, unless counts as of a later event are kept already. Their age is
        reckoned from the first count."""
        key = organization_id, criteria
        kept, since = self._kept.pop(key, (counted, monotonic()))
        if since <= monotonic() - KEPT_SECONDS:
            kept, since = counted, monotonic()
        self._kept[key] = (counted if counted.number >= kept.number else kept), since
        if len(self._kept) > MOST_KEPT:
            self._kept.popitem(last=False)


_kept: Final = KeptStretches()


def stretched(criteria: BookingFilter) -> BookingFilter:
    """The list whose stretches are counted; a list of future bookings is the end of it."""
    return structs.replace(criteria, after=None)


def kept_stretches(organization_id: UUID, criteria: BookingFilter) -> Stretches:
    return _kept.find(organization_id, stretched(criteria))


async def count_stretches(
    tenant: TenantConnection,
    criteria: BookingFilter,
    conditions: Conditions,
    stretches: Stretches,
    until: float,
) -> bool:
    """Counts the stretches that are not known, in the snapshot of the caller's transaction. False
    if `until`, an instant of `monotonic`, came first. Raises TimeoutError if that is in the middle
    of a stretch."""
    await _bring_up_to_date(tenant, stretches)
    await tenant.tx.execute(IN_ORDER)
    try:
        at = stretches.begin_at(criteria.after)
        longest = 0.0
        while at < len(stretches.places):
            if stretches.counts[at] is None:
                began = monotonic()
                if began + longest >= until:
                    return False
                await _count_stretch(tenant, conditions, stretches, at, until - began)
                longest = max(longest, monotonic() - began)
            at += 1
    finally:
        _kept.keep(tenant.organization_id, stretched(criteria), stretches)
    return True


async def total_of(
    tenant: TenantConnection, after: datetime | None, conditions: Conditions, stretches: Stretches
) -> int:
    """The total of the list. If it begins after an instant, the stretches beyond that are summed
    up, and the one around it is counted with the conditions, which name the instant."""
    counts = [count or 0 for count in stretches.counts]
    if after is None:
        return sum(counts)
    beyond = bisect_right([place.start_time for place in stretches.places], after)
    end = stretches.end_of(beyond - 1)
    around = await _count(tenant, conditions, Place(after, FIRST.id), end, None)
    return around + sum(counts[beyond:])


async def _bring_up_to_date(tenant: TenantConnection, stretches: Stretches) -> None:
    """Makes the counts those as of the latest event that this snapshot sees, forgetting some."""
    owner = tenant.organization_id
    happened: Sequence[Any] = ()
    if stretches.event_id:
        happened = await tenant.tx.fetch(SINCE, owner, stretches.number, MOST_EVENTS + 1)
    if _is_whole(happened, stretches):
        stretches.forget_around(at for row in happened[1:] for at in row[2:4] if at is not None)
    else:
        stretches.counts = [None] * len(stretches.counts)
        happened = await tenant.tx.fetch(LATEST, owner)
    if happened:
        stretches.number, stretches.event_id = happened[-1][:2]


def _is_whole(happened: Sequence[Any], stretches: Stretches) -> bool:
    """Whether these are all events since that of the stretches, and say which bookings changed."""
    is_told = all(row[2] or not row[4] for row in happened)
    is_same = bool(happened) and happened[0][1] == stretches.event_id
    return is_same and is_told and len(happened) <= MOST_EVENTS


async def _count_stretch(
    tenant: TenantConnection, conditions: Conditions, stretches: Stretches, at: int, left: float
) -> None:
    """Counts one stretch; if it has grown too long, it is cut first."""
    place, end = stretches.places[at], stretches.end_of(at)
    next_one = await fetch_planned(
        tenant.tx,
        NEXT_PLACE,
        tenant.organization_id,
        *place,
        *end,
        BOOKINGS_IN_STRETCH,
        timeout=left,
    )
    if next_one:
        end = Place(*next_one[0])
        stretches.places.insert(at + 1, end)
        stretches.counts.insert(at + 1, None)
    stretches.counts[at] = await _count(tenant, conditions, place, end, left)


async def _count(
    tenant: TenantConnection, conditions: Conditions, place: Place, end: Place, left: float | None
) -> int:
    last = len(conditions.arguments)
    within = (
        f"(start_time, id) >= (${last + 1}, ${last + 2})"
        f" AND (start_time, id) < (${last + 3}, ${last + 4})"
    )
    counts = " + ".join(
        f"(SELECT count(*) FROM bookings WHERE {part} AND {within})" for part in conditions.parts
    )
    arguments = [*conditions.arguments, *place, *end]
    rows = await fetch_planned(tenant.tx, f"SELECT {counts}", *arguments, timeout=left)
    return int(rows[0][0])
