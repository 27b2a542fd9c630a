"""Which schedules meet the requirements: a matching, not a greedy pick (SEMANTICS 11)."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias
from uuid import UUID

ScheduleId: TypeAlias = UUID


@dataclass(frozen=True, slots=True)
class Requirement:
    """`count` of these schedules are needed at once. Raises ValueError if that is none."""

    count: int
    schedule_ids: Collection[ScheduleId]
    _members: frozenset[ScheduleId] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        if self.count < 1:
            raise ValueError("a requirement needs at least one schedule")
        object.__setattr__(self, "_members", frozenset(self.schedule_ids))

    def names(self, schedule_id: ScheduleId) -> bool:
        return schedule_id in self._members


def choose(
    requirements: Sequence[Requirement], in_order: Sequence[ScheduleId]
) -> tuple[ScheduleId, ...] | None:
    """The schedules to take of those that are free, or None if they cannot meet the requirements.

    Each is taken, in the order given, if the requirements can still be met with it; no schedule
    serves two requirements. What is taken comes back in that order.
    """
    needed = sum(requirement.count for requirement in requirements)
    if len(in_order) < needed:
        return None
    teams: list[list[ScheduleId]] = [[] for _ in requirements]
    chosen: list[ScheduleId] = []
    for schedule_id in in_order:
        if len(chosen) == needed:
            break
        if _place(schedule_id, requirements, teams, set()):
            chosen.append(schedule_id)
    return tuple(chosen) if len(chosen) == needed else None


def can_be_met(requirements: Sequence[Requirement]) -> bool:
    """Whether different schedules could meet them all, were everybody free."""
    everybody = dict.fromkeys(id_ for wanted in requirements for id_ in wanted.schedule_ids)
    return choose(requirements, tuple(everybody)) is not None


def _place(
    schedule_id: ScheduleId,
    requirements: Sequence[Requirement],
    teams: list[list[ScheduleId]],
    tried: set[int],
) -> bool:
    """Gives the schedule a place in a team, moving others to other teams if need be.

    An augmenting path: who has a place once keeps one, so sets that can be placed are a matroid,
    and taking each that still fits is exact.
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
            if _place(other, requirements, teams, tried):
                team[place] = schedule_id
                return True
    return False
