"""Statistics of an organization's bookings over a range of days, compared with the range before."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from typing import Any, Final
from uuid import UUID

from msgspec import Struct

from kalends.availability.hours import open_intervals
from kalends.availability.interval import DAY_SECONDS, Interval
from kalends.availability.wallclock import Zone
from kalends.domain.booking import OCCUPYING, Host, Status
from kalends.domain.schedule import Schedule
from kalends.runtime.cooperative import cooperatively
from kalends.runtime.unit_of_work import Caller, UnitOfWork
from kalends.scheduling.local_time import bounds_of_day
from kalends.scheduling.schedule_hours import hours_of
from kalends.scheduling.zones import zone_of_schedule
from kalends.store.bookings import statistics
from kalends.store.bookings.statistics import Counted, StatisticsScope, TakenCount

# Ranges up to so many days are split into days, up to so many into weeks, longer ones into months.
MOST_DAYS: Final = 45
MOST_DAYS_OF_WEEKS: Final = 190
A_DAY: Final = timedelta(days=1)
# The lower bounds of the groups of lead times.
LEAD_SECONDS: Final = tuple(n * DAY_SECONDS for n in (0, 1, 2, 4, 8, 15, 31))
# Open hours are added up for so many schedules, those with the most bookings.
MOST_MEASURED: Final = 100


class DayRange(Struct, frozen=True):
    """A range of days, both ends included."""

    first: date
    last: date

    @property
    def days(self) -> int:
        return (self.last - self.first).days + 1

    @property
    def before(self) -> "DayRange":
        """The range of as many days that ends where this one begins."""
        return DayRange(self.first - timedelta(days=self.days), self.first - A_DAY)

    @property
    def step(self) -> str:
        """The unit that the range is split into: "day", "week" or "month"."""
        if self.days <= MOST_DAYS:
            return "day"
        return "week" if self.days <= MOST_DAYS_OF_WEEKS else "month"

    def spans(self, first_week_day: int) -> list[date]:
        """The first day of each unit; the first unit may be cut off at its beginning."""
        at, firsts = self.first, []
        while at <= self.last:
            firsts.append(at)
            at = self._after(at, first_week_day)
        return firsts

    def _after(self, day: date, first_week_day: int) -> date:
        if self.step == "day":
            return day + A_DAY
        if self.step == "week":
            return day + timedelta(days=7 - (day.weekday() - first_week_day) % 7)
        return (day.replace(day=1) + timedelta(days=31)).replace(day=1)


class Tally(Struct):
    """The counts of one group of bookings. `made` are those that were not cancelled, including
    no-shows."""

    made: int = 0
    cancelled: int = 0
    no_shows: int = 0
    lead_seconds: float = 0
    booked_seconds: float = 0
    open_seconds: int = 0

    def count(self, status: str, count: int) -> None:
        if status == Status.CANCELLED:
            self.cancelled += count
            return
        self.made += count
        self.no_shows += count if status == Status.NO_SHOW else 0

    @property
    def lead_days(self) -> float:
        """The mean number of days between creation and start, cancelled bookings included."""
        count = self.made + self.cancelled
        return self.lead_seconds / count / DAY_SECONDS if count else 0

    @property
    def utilisation(self) -> int | None:
        """Booked time in percent of open time, above 100 if bookings lie outside it; None without
        open time."""
        if not self.open_seconds:
            return None
        return round(100 * self.booked_seconds / self.open_seconds)


class Pair(Struct):
    """The tallies of the range and of the range before."""

    now: Tally
    before: Tally

    @classmethod
    def empty(cls) -> "Pair":
        return cls(Tally(), Tally())

    def at(self, *, is_now: bool) -> Tally:
        return self.now if is_now else self.before


class Insights(Struct, frozen=True):
    """All statistics of a range. `spans` belong to `firsts`; `hours` has the bookings by hour of
    the week, from Monday's midnight, now and before; `leads` belong to LEAD_SECONDS. `hosts` are by
    user, under the names that attendees see."""

    range: DayRange
    firsts: Sequence[date]
    total: Pair
    spans: Sequence[Pair]
    hours: Sequence[tuple[int, int]]
    leads: Sequence[Pair]
    event_types: dict[UUID | None, Pair]
    sources: dict[str, Pair]
    schedules: dict[UUID, Pair]
    hosts: dict[UUID, Pair]
    host_names: dict[UUID, str]


async def get_insights(
    work: UnitOfWork,
    days: DayRange,
    zone: Zone,
    first_week_day: int,
    schedules: Sequence[Schedule],
    among: Sequence[UUID] | None,
) -> Insights:
    """The statistics of the bookings that start in the range, in that zone, and in the range
    before: on the schedules `among`, which the caller has to see, or on all that the caller sees.
    Utilisation is that of `schedules`, by their present hours.

    Raises BrokenZone.
    """
    if among is None and work.caller.only_schedules is not None:
        among = list(work.caller.only_schedules)
    firsts = days.spans(first_week_day)
    scope = _scope(days, firsts, zone, among)
    counts = await statistics.count_bookings(work.tenant, scope, LEAD_SECONDS)
    taken, hours = await statistics.count_taken(work.tenant, scope, _offsets(zone, scope))
    # A booking may also take schedules that the caller does not see.
    hosts = await statistics.list_hosts(work.tenant)
    hosts = [host for host in hosts if work.caller.sees((host.schedule_id,))]
    shared = await statistics.shared_seconds(work.tenant, scope)
    by_schedule = _by_schedule(work.caller, taken, shared)
    busiest = sorted(schedules, key=lambda s: -_made(by_schedule, s.id))[:MOST_MEASURED]
    bounds = [scope.bounds[0], scope.turns_at, scope.bounds[-1]]
    async for id_, (before, now) in cooperatively(open_seconds_in_pieces(busiest, bounds)):
        pair = by_schedule.setdefault(id_, Pair.empty())
        pair.before.open_seconds, pair.now.open_seconds = before, now
    by_host, names = _by_host(taken, hosts)
    return _insights(days, firsts, counts, hours, by_schedule, by_host, names)


def open_seconds_in_pieces(
    schedules: Sequence[Schedule], bounds: Sequence[datetime]
) -> Iterator[tuple[UUID, list[int]]]:
    """Yields for each schedule how long it is open between each two neighbouring bounds."""
    for schedule in schedules:
        hours, zone = hours_of(schedule), zone_of_schedule(schedule)
        spans = (Interval(int(a.timestamp()), int(b.timestamp())) for a, b in pairwise(bounds))
        yield (
            schedule.id,
            [
                sum(interval.seconds for interval in open_intervals(hours, zone, span))
                for span in spans
            ],
        )


def _scope(
    days: DayRange, firsts: Sequence[date], zone: Zone, among: Sequence[UUID] | None
) -> StatisticsScope:
    """The scope of both ranges; each unit of the range before is as long as its counterpart."""
    back = timedelta(days=days.days)
    starts = [*(first - back for first in firsts), *firsts, days.last + A_DAY]
    bounds = [bounds_of_day(day, zone.name)[0] for day in starts]
    return StatisticsScope(bounds, bounds[len(firsts)], among)


def _offsets(zone: Zone, scope: StatisticsScope) -> list[tuple[datetime, int]]:
    span = Interval(int(scope.bounds[0].timestamp()), int(scope.bounds[-1].timestamp()))
    return [(datetime.fromtimestamp(at, UTC), offset) for at, _, offset in zone.stretches(span)]


def _by_schedule(
    caller: Caller, counts: Sequence[TakenCount], shared: dict[tuple[UUID, bool], float]
) -> dict[UUID, Pair]:
    pairs: dict[UUID, Pair] = {}
    for count in counts:
        for schedule_id in filter(lambda id_: caller.sees((id_,)), count.schedule_ids):
            tally = pairs.setdefault(schedule_id, Pair.empty()).at(is_now=count.is_now)
            tally.count(count.status, count.count)
            tally.booked_seconds += count.seconds if count.status in OCCUPYING else 0
    for (id_, is_now), seconds in shared.items():
        pairs.setdefault(id_, Pair.empty()).at(is_now=is_now).booked_seconds -= seconds
    return pairs


def _by_host(
    counts: Sequence[TakenCount], hosts: Sequence[Host]
) -> tuple[dict[UUID, Pair], dict[UUID, str]]:
    """The pairs by user, and each user's name. A booking on two schedules of a user counts once."""
    users = {host.schedule_id: host.user_id for host in hosts}
    names: dict[UUID, str] = {}
    for host in hosts:
        names.setdefault(host.user_id, host.name)
    pairs: dict[UUID, Pair] = {}
    for taken in counts:
        for user_id in {users[id_] for id_ in taken.schedule_ids if id_ in users}:
            pairs.setdefault(user_id, Pair.empty()).at(is_now=taken.is_now).count(
                taken.status, taken.count
            )
    return pairs, names


def _made(pairs: dict[UUID, Pair], schedule_id: UUID) -> int:
    pair = pairs.get(schedule_id)
    return pair.now.made + pair.before.made if pair else 0


def _insights(
    days: DayRange,
    firsts: Sequence[date],
    counts: Sequence[Counted],
    hours: Sequence[tuple[int, bool, int]],
    schedules: dict[UUID, Pair],
    hosts: dict[UUID, Pair],
    host_names: dict[UUID, str],
) -> Insights:
    spans = [Pair.empty() for _ in firsts]
    leads = [Pair.empty() for _ in LEAD_SECONDS]
    groups: dict[str, Any] = {"event_type": {}, "source": {}}
    total = Pair.empty()
    for one in counts:
        if one.kind == "span":
            pair = spans[one.group % len(firsts)]
            whole = total.at(is_now=one.is_now)
            whole.count(one.status, one.count)
            whole.lead_seconds += one.lead_seconds
        elif one.kind == "lead":
            pair = leads[one.group]
        else:
            pair = groups[one.kind].setdefault(one.group, Pair.empty())
        pair.at(is_now=one.is_now).count(one.status, one.count)
    _add_seconds(total, schedules.values())
    return Insights(
        range=days,
        firsts=firsts,
        total=total,
        spans=spans,
        hours=_by_hour(hours),
        leads=leads,
        event_types=groups["event_type"],
        sources=groups["source"],
        schedules=schedules,
        hosts=hosts,
        host_names=host_names,
    )


def _add_seconds(total: Pair, schedules: Iterable[Pair]) -> None:
    """Adds open and booked time of each schedule that was open at all."""
    for pair in schedules:
        for is_now in (True, False):
            whole, part = total.at(is_now=is_now), pair.at(is_now=is_now)
            if part.open_seconds:
                whole.booked_seconds += part.booked_seconds
                whole.open_seconds += part.open_seconds


def _by_hour(hours: Sequence[tuple[int, bool, int]]) -> list[tuple[int, int]]:
    """How many bookings began in each hour of the week, now and before."""
    counts = [[0, 0] for _ in range(7 * 24)]
    for hour, is_now, count in hours:
        counts[hour][0 if is_now else 1] += count
    return [(now, before) for now, before in counts]
