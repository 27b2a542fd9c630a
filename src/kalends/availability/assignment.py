"""Who takes which candidate: the schedules that can serve it, and those that a booking gets."""

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from itertools import compress, pairwise
from typing import TypeAlias

from kalends.availability.candidates import Candidates
from kalends.availability.hours import Hours
from kalends.availability.interval import DAY
from kalends.availability.matching import ScheduleId, choose
from kalends.availability.offering import Calendar, Offering, Session
from kalends.availability.rules import closed, count_by_day, rules_of_calendar
from kalends.availability.wallclock import Zone

Chosen: TypeAlias = tuple[ScheduleId, ...]


def assign(offering: Offering, candidates: Candidates, allowed: bytearray) -> list[Chosen | None]:
    """The schedules for each candidate; None where the requirements cannot be met.

    Only those that are flagged in `allowed` are considered. A group session has its schedules
    already: its start is joined on those, or not at all.
    """
    chosen: list[Chosen | None] = [None] * len(candidates.starts)
    if not chosen:
        return chosen
    survey = _Survey(offering, candidates, allowed)
    fill = _take_first if [r.count for r in offering.requirements] == [1] else _take_matching
    for part, in_order in _orders(offering, candidates):
        fill(survey, part, in_order, chosen)
    if (wanted := offering.wanted) is not None:
        chosen = [ids if ids and wanted in ids else None for ids in chosen]
    for session in offering.sessions:
        at = bisect_left(candidates.starts, session.start)
        if candidates.starts[at : at + 1] == [session.start]:
            may_join = allowed[at] and _may_join(offering, session)
            chosen[at] = session.schedule_ids if may_join else None
    return chosen


class _Survey:
    """Which candidates a schedule can serve, found when it is first asked for.

    Of twenty schedules of which one is needed, most are never looked at.
    """

    def __init__(self, offering: Offering, candidates: Candidates, allowed: bytearray) -> None:
        self.offering = offering
        self.candidates = candidates
        self.allowed = allowed
        self._open: dict[tuple[Hours, Zone], bytearray] = {}
        self._served: dict[ScheduleId, bytearray] = {}

    def served_by(self, calendar: Calendar, joined: Session | None = None) -> bytearray:
        """A flag for each candidate. `joined` as in `rules_of_calendar`."""
        flags = self._served.get(calendar.schedule_id)
        if flags is None:
            flags = self._open_in(calendar).copy()
            rules = rules_of_calendar(calendar, self.offering, self.candidates.span, joined)
            for rule in rules:
                rule.strike(self.candidates, flags)
            self._served[calendar.schedule_id] = flags
        return flags

    def _open_in(self, calendar: Calendar) -> bytearray:
        """Schedules with the same hours, as those of a team, share one answer."""
        key = calendar.hours, calendar.zone
        if key not in self._open:
            self._open[key] = flags = self.allowed.copy()
            if key not in self.candidates.fit:
                duration = self.offering.terms.duration
                closed(*key, duration, self.candidates.span).strike(self.candidates, flags)
        return self._open[key]


def _take_first(
    survey: _Survey, part: range, in_order: Sequence[Calendar], chosen: list[Chosen | None]
) -> None:
    """One of many: the first in order that can serve."""
    if len(in_order) == 1:
        served, alone = survey.served_by(in_order[0]), (in_order[0].schedule_id,)
        chosen[:] = [alone if is_served else None for is_served in served]
        return
    left = list(compress(part, survey.allowed[part.start : part.stop]))
    for calendar in in_order:
        if not left:
            return
        served, alone = survey.served_by(calendar), (calendar.schedule_id,)
        waiting = []
        for candidate in left:
            if served[candidate]:
                chosen[candidate] = alone
            else:
                waiting.append(candidate)
        left = waiting


def _take_matching(
    survey: _Survey, part: range, in_order: Sequence[Calendar], chosen: list[Chosen | None]
) -> None:
    """Any requirements. Candidates that the same schedules can serve are matched once."""
    ids = [calendar.schedule_id for calendar in in_order]
    served = [survey.served_by(calendar)[part.start : part.stop] for calendar in in_order]
    known: dict[tuple[int, ...], Chosen | None] = {}
    for candidate, able in zip(part, zip(*served, strict=True), strict=False):
        if able not in known:
            known[able] = choose(survey.offering.requirements, list(compress(ids, able)))
        chosen[candidate] = known[able]


def _orders(
    offering: Offering, candidates: Candidates
) -> Iterator[tuple[range, Sequence[Calendar]]]:
    """Parts of the candidates, and the order in which schedules are taken there.

    What is wanted, then what is preferred, then the least booked of that day, then the lowest id.
    """
    favoured = [id_ for id_ in (offering.wanted, *offering.preferred) if id_ is not None]
    able = sorted(offering.able, key=lambda calendar: calendar.schedule_id.int)
    able.sort(key=lambda calendar: _place(calendar.schedule_id, favoured))
    if len(able) < 2 or not any(calendar.booked for calendar in able):
        yield range(len(candidates.starts)), able
        return
    counts = [count_by_day(calendar.booked, calendar.zone) for calendar in able]
    places = [_place(calendar.schedule_id, favoured) for calendar in able]
    zones = {calendar.zone for calendar in able}
    for part in _days(candidates, zones):
        start = candidates.starts[part.start]
        today = {zone.name: zone.wall_at(start) // DAY for zone in zones}
        booked = [counts[i][today[calendar.zone.name]] for i, calendar in enumerate(able)]
        ranks = sorted(zip(places, booked, range(len(able)), strict=True))
        yield part, [able[i] for _, _, i in ranks]


def _place(schedule_id: ScheduleId, favoured: Sequence[ScheduleId]) -> int:
    return favoured.index(schedule_id) if schedule_id in favoured else len(favoured)


def _days(candidates: Candidates, zones: set[Zone]) -> Iterator[range]:
    """The candidates in parts that lie on one local date in each of the zones."""
    span = candidates.span
    midnights = {start for zone in zones for _, start, _ in zone.days_in(span)} | {span.end}
    edges = [bisect_left(candidates.starts, midnight) for midnight in sorted(midnights)]
    for first, last in pairwise(edges):
        if first < last:
            yield range(first, last)


def _may_join(offering: Offering, session: Session) -> bool:
    """Whether there is a seat, and every schedule of the session could serve it but for itself."""
    if session.seats_taken >= offering.capacity:
        return False
    if offering.wanted is not None and offering.wanted not in session.schedule_ids:
        return False
    by_id = {calendar.schedule_id: calendar for calendar in offering.calendars}
    alone = Candidates([session.start])
    survey = _Survey(offering, alone, alone.flags())
    return all(
        id_ in by_id and survey.served_by(by_id[id_], session)[0] for id_ in session.schedule_ids
    )
