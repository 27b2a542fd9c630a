"""The fair order in which the schedules of a requirement are taken.

First come those that do not run ahead today; among these, and among the others, the one with the
smallest share of the month, then of the day, then the lowest id.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final, NamedTuple

from kalends.availability.candidates import Candidates
from kalends.availability.interval import DAY_SECONDS
from kalends.availability.matching import SlotRequirement
from kalends.availability.rules import count_by_day
from kalends.availability.slot_inputs import Calendar, SlotInputs
from kalends.availability.wallclock import Zone, month_of

# Divisible by all weights from 1 to 10, so that shares are integers and compare exactly.
WHOLE: Final = 2520
# A schedule that is this far ahead of the others on a day comes after them.
AHEAD: Final = 2 * WHOLE


class _Share(NamedTuple):
    """What one schedule of a requirement has so far: `today` decides whether it runs ahead, `rank`
    the order. `place` is its position among the eligible."""

    rank: tuple[int, int, int]
    today: int
    place: int

    def is_near(self, least: int) -> bool:
        """Whether it neither runs ahead of the schedule with the least, nor has less itself."""
        return least <= self.today < least + AHEAD


@dataclass(frozen=True, slots=True)
class Order:
    """The order for the starts of one day and month. Schedules are given by their positions."""

    favoured: Sequence[int]
    shares: Sequence[Sequence[_Share]]

    @property
    def is_fixed(self) -> bool:
        """Whether no schedule runs so far ahead that the order depends on who can serve."""
        for shares in self.shares:
            today = [share.today for share in shares]
            if today and max(today) - min(today) >= AHEAD:
                return False
        return True

    def among(self, serving: Sequence[int]) -> list[int]:
        """The schedules that can serve, which have a flag, in order: required and preferred ones
        first, then requirement by requirement."""
        ordered = [place for place in self.favoured if serving[place]]
        for shares in self.shares:
            ordered += _ordered(shares, serving)
        is_alone = len(self.shares) == 1 and not self.favoured
        return ordered if is_alone else list(dict.fromkeys(ordered))


def orders(
    inputs: SlotInputs, candidates: Candidates, eligible: Sequence[Calendar]
) -> Iterator[tuple[range, Order]]:
    """Parts of the candidates, each within one local day of every schedule and one month, with the
    order for each. A single part if nothing is counted."""
    teams, favoured = _places(inputs, eligible)
    counts = [count_by_day(c.booked, c.zone) if c.booked else None for c in eligible]
    has_months = any(requirement.claims for requirement in inputs.requirements)
    parts: Iterable[range] = [range(len(candidates.starts))]
    if len(eligible) > 1 and (has_months or any(counts)):
        zones = {calendar.zone for calendar in eligible} if any(counts) else set()
        parts = _parts(candidates, zones, inputs.zone if has_months else None)
    for part in parts:
        start = candidates.starts[part.start]
        month = month_of(inputs.zone.wall_at(start) // DAY_SECONDS) if has_months else 0
        today = [
            counted[calendar.zone.wall_at(start) // DAY_SECONDS] if counted else 0
            for calendar, counted in zip(eligible, counts, strict=True)
        ]
        shares = [
            _shares(requirement, eligible, team, today, month)
            for requirement, team in zip(inputs.requirements, teams, strict=True)
        ]
        yield part, Order(favoured, shares)


def _places(
    inputs: SlotInputs, eligible: Sequence[Calendar]
) -> tuple[Sequence[Sequence[int]], Sequence[int]]:
    """The positions of each requirement's members among the eligible, and those of the favoured."""
    favoured = [id_ for id_ in (inputs.required_id, *inputs.preferred_ids) if id_ is not None]
    if len(inputs.requirements) == 1 and not favoured:
        return [range(len(eligible))], ()
    place_of = {calendar.schedule_id: place for place, calendar in enumerate(eligible)}
    teams = [
        [place_of[id_] for id_ in requirement.schedule_ids if id_ in place_of]
        for requirement in inputs.requirements
    ]
    return teams, [place_of[id_] for id_ in favoured if id_ in place_of]


def _shares(
    requirement: SlotRequirement,
    eligible: Sequence[Calendar],
    team: Sequence[int],
    today: Sequence[int],
    month: int,
) -> list[_Share]:
    """The shares of a requirement's members by rank, which does not consider who runs ahead."""
    shares = []
    for place in team:
        id_ = eligible[place].schedule_id
        one_claim = WHOLE // requirement.weight_of(id_) if requirement.weights else WHOLE
        this_month = requirement.claims_of(id_, month) if requirement.claims else 0
        rank = (2 * this_month + 1) * one_claim, (2 * today[place] + 1) * one_claim, id_.int
        shares.append(_Share(rank, today[place] * one_claim, place))
    return sorted(shares)


def _ordered(shares: Sequence[_Share], serving: Sequence[int]) -> list[int]:
    can_serve = [share for share in shares if serving[share.place]]
    most = min((share.today for share in can_serve), default=0) + AHEAD
    near = [share.place for share in can_serve if share.today < most]
    return near + [share.place for share in can_serve if share.today >= most]


def _parts(candidates: Candidates, zones: set[Zone], months_of: Zone | None) -> Iterator[range]:
    """The candidates in parts that each lie on one local date in every zone, and in one month."""
    span = candidates.span
    edges = {start for zone in zones for _, start, _ in zone.days_in(span)} | {span.end}
    if months_of is not None:
        edges |= {start for _, start, _ in months_of.months_in(span)}
    places = [candidates.first_from(edge) for edge in sorted(edges)]
    for first, last in pairwise(places):
        if first < last:
            yield range(first, last)
