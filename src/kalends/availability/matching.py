"""Finds schedules that meet all requirements, by bipartite matching rather than greedily."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias
from uuid import UUID

ScheduleId: TypeAlias = UUID


@dataclass(frozen=True, slots=True)
class SlotRequirement:
    """`count` of these schedules are needed at once. Raises ValueError if that is less than one.

    `weights` has those other than 1. `claims` says how many live claims of the event type a
    schedule has in a month (counted from year 0), among those made since the requirement's members
    or weights last changed; a missing month has 0.
    """

    count: int
    schedule_ids: Collection[ScheduleId]
    weights: Collection[tuple[ScheduleId, int]] = ()
    claims: Collection[tuple[ScheduleId, int, int]] = ()
    _members: frozenset[ScheduleId] = field(init=False, repr=False, compare=False)
    _weights: Mapping[ScheduleId, int] = field(init=False, repr=False, compare=False)
    _claims: Mapping[tuple[ScheduleId, int], int] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        if self.count < 1:
            raise ValueError("a requirement needs at least one schedule")
        object.__setattr__(self, "_members", frozenset(self.schedule_ids))
        object.__setattr__(self, "_weights", dict(self.weights))
        object.__setattr__(self, "_claims", {(id_, month): n for id_, month, n in self.claims})

    def names(self, schedule_id: ScheduleId) -> bool:
        return schedule_id in self._members

    def weight_of(self, schedule_id: ScheduleId) -> int:
        return self._weights.get(schedule_id, 1)

    def claims_of(self, schedule_id: ScheduleId, month: int) -> int:
        return self._claims.get((schedule_id, month), 0)


def choose(
    requirements: Sequence[SlotRequirement], in_order: Sequence[ScheduleId]
) -> tuple[ScheduleId, ...] | None:
    """The schedules to take of those that are free, or None if they cannot meet the requirements.

    Goes through them in the given order and takes each one with which the requirements can still be
    met. No schedule serves two requirements. Returns them in that order.
    """
    needed = sum(requirement.count for requirement in requirements)
    if len(in_order) < needed:
        return None
    teams: list[list[ScheduleId]] = [[] for _ in requirements]
    chosen: list[ScheduleId] = []
    for schedule_id in in_order:
        if len(chosen) == needed:
            break
        if _join_team(schedule_id, requirements, teams, set()):
            chosen.append(schedule_id)
    return tuple(chosen) if len(chosen) == needed else None


def helpful_schedules(
    requirements: Sequence[SlotRequirement], serving: Iterable[ScheduleId]
) -> frozenset[ScheduleId]:
    """The schedules each of which, beside those that serve, would let more requirements be met."""
    teams: list[list[ScheduleId]] = [[] for _ in requirements]
    free = set(serving)
    for schedule_id in free:
        _join_team(schedule_id, requirements, teams, set())
    named = {id_ for requirement in requirements for id_ in requirement.schedule_ids}
    return frozenset(
        id_ for id_ in named - free if _join_team(id_, requirements, [[*t] for t in teams], set())
    )


def can_be_met(requirements: Sequence[SlotRequirement]) -> bool:
    """Whether different schedules could meet all requirements if all were free."""
    everybody = dict.fromkeys(
        id_ for requirement in requirements for id_ in requirement.schedule_ids
    )
    return choose(requirements, tuple(everybody)) is not None


def _join_team(
    schedule_id: ScheduleId,
    requirements: Sequence[SlotRequirement],
    teams: list[list[ScheduleId]],
    tried: set[int],
) -> bool:
    """Gives the schedule a place in a team, moving others to other teams if need be.

    This is an augmenting path: a schedule that has a place keeps one. The sets that can be placed
    form a matroid, so taking greedily each schedule that still fits is exact.
    """
    for number, requirement in enumerate(requirements):
        if number in tried or not requirement.names(schedule_id):
            continue
        tried.add(number)
        team = teams[number]
        if len(team) < requirement.count:
            team.append(schedule_id)
            return True
        for place, other in enumerate(team):
            if _join_team(other, requirements, teams, tried):
                team[place] = schedule_id
                return True
    return False
