"""Which schedules meet the requirements, against brute force."""

from collections.abc import Iterator, Sequence
from itertools import combinations, permutations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kalends.availability.matching import ScheduleId, SlotRequirement, can_be_met, choose
from tests.availability.cases import schedule_id

A, B, C, D, ROOM = (schedule_id(number) for number in range(1, 6))
EVERYBODY = (A, B, C, D, ROOM)


def test_one_of_many_is_the_first_in_order() -> None:
    assert choose([SlotRequirement(1, [A, B, C])], [B, A]) == (B,)


def test_collective_needs_everybody() -> None:
    assert choose([SlotRequirement(3, [A, B, C])], [C, A, B]) == (C, A, B)
    assert choose([SlotRequirement(3, [A, B, C])], [C, A]) is None


def test_two_of_five_and_a_room() -> None:
    requirements = [SlotRequirement(2, [A, B, C, D]), SlotRequirement(1, [ROOM])]
    assert choose(requirements, [D, ROOM, B, A]) == (D, ROOM, B)
    assert choose(requirements, [D, B, A]) is None


def test_a_schedule_in_two_requirements_counts_once() -> None:
    assert choose([SlotRequirement(1, [A]), SlotRequirement(1, [A])], [A]) is None
    assert not can_be_met([SlotRequirement(1, [A]), SlotRequirement(1, [A])])


def test_a_greedy_pick_that_would_fail_is_not_made() -> None:
    requirements = [SlotRequirement(1, [A, B]), SlotRequirement(1, [A])]
    assert choose(requirements, [A, B]) == (A, B)
    assert choose(requirements, [B, A]) == (B, A)


def test_a_schedule_moves_to_another_requirement_for_one_with_no_choice() -> None:
    requirements = [SlotRequirement(1, [A, B]), SlotRequirement(1, [B, C]), SlotRequirement(1, [A])]
    assert choose(requirements, [A, B, C]) == (A, B, C)


def test_a_requirement_of_nobody_is_a_value_error() -> None:
    with pytest.raises(ValueError, match="at least one"):
        SlotRequirement(0, [A])


requirements_of_few = st.lists(
    st.builds(
        SlotRequirement,
        st.integers(1, 2),
        st.lists(st.sampled_from(EVERYBODY), min_size=1, max_size=4, unique=True),
    ),
    min_size=1,
    max_size=3,
).filter(lambda requirements: sum(r.count for r in requirements) <= 4)


@settings(max_examples=150, deadline=None)
@given(requirements_of_few, st.permutations(EVERYBODY), st.integers(0, 5))
def test_each_is_taken_in_order_if_the_requirements_can_still_be_met(
    requirements: list[SlotRequirement], order: list[ScheduleId], number_free: int
) -> None:
    free = order[:number_free]
    assert choose(requirements, free) == _by_brute_force(requirements, free)


def _by_brute_force(
    requirements: Sequence[SlotRequirement], free: Sequence[ScheduleId]
) -> tuple[ScheduleId, ...] | None:
    meeting = list(_sets_that_meet(requirements, free))
    if not meeting:
        return None
    taken: tuple[ScheduleId, ...] = ()
    for schedule in free:
        if any({*taken, schedule} <= set(chosen) for chosen in meeting):
            taken = (*taken, schedule)
    return taken


def _sets_that_meet(
    requirements: Sequence[SlotRequirement], free: Sequence[ScheduleId]
) -> Iterator[tuple[ScheduleId, ...]]:
    places = [requirement for requirement in requirements for _ in range(requirement.count)]
    for chosen in combinations(free, len(places)):
        for seated in permutations(chosen):
            if all(s in place.schedule_ids for s, place in zip(seated, places, strict=True)):
                yield chosen
                break
