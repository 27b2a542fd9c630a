"""Which schedules a refusal names, against brute force over the definition."""

from collections.abc import Sequence
from itertools import permutations
from typing import Any
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from kalends.availability.hours import Hours
from kalends.availability.interval import Interval
from kalends.availability.matching import SlotRequirement, can_be_met
from kalends.availability.slot_inputs import Calendar, Session, SlotInputs
from kalends.availability.slots import decide, explain
from tests.availability.cases import every_day, schedule_id, slot_inputs
from tests.availability.test_properties import few
from tests.availability.test_slots import HOURLY, MONDAY, UTC, meeting, monday

F, R1, R2, R3 = (schedule_id(number) for number in (1, 2, 3, 4))
NINE_TO_TWELVE = every_day("09:00", "12:00")
BUSY_AT_NINE = [meeting(9, 11)]


def schedule(id_: UUID, hours: Hours = NINE_TO_TWELVE, **given: Any) -> Calendar:
    return Calendar(id_, UTC, hours, **given)


def named(inputs: SlotInputs, hour: float = 9) -> list[tuple[str, UUID | None]]:
    return [(str(r.code), r.schedule_id) for r in decide(inputs, monday(hour)).refusals]


def both(*calendars: Calendar, **given: Any) -> SlotInputs:
    """F, and one of the others, are required."""
    others = [calendar.schedule_id for calendar in calendars if calendar.schedule_id != F]
    required = [SlotRequirement(1, (F,)), SlotRequirement(1, tuple(others))]
    return slot_inputs(calendars, HOURLY, now=MONDAY, requirements=required, **given)


def test_who_is_closed_is_not_named_where_another_serves() -> None:
    from_ten = every_day("10:00", "12:00")
    inputs = both(schedule(F, busy=BUSY_AT_NINE), schedule(R1), schedule(R2, from_ten))
    assert named(inputs) == [("BUSY", F)]


def test_of_two_unmet_requirements_the_schedules_of_both_are_named() -> None:
    inputs = both(*(schedule(id_, busy=BUSY_AT_NINE) for id_ in (F, R1, R2)))
    assert named(inputs) == [("BUSY", F), ("BUSY", R1), ("BUSY", R2)]


def test_a_schedule_is_named_with_all_rules_that_refuse_it() -> None:
    full = schedule(F, busy=BUSY_AT_NINE, occupied=[meeting(8, 10)], max_per_day=0)
    assert named(both(full, schedule(R1))) == [
        ("BUSY", F), ("LIMIT_REACHED", F), ("SLOT_TAKEN", F),
    ]  # fmt: skip


def test_refusals_of_a_requested_schedule_omit_its_alternatives() -> None:
    busy = [schedule(id_, busy=BUSY_AT_NINE) for id_ in (F, R1, R2)]
    assert named(both(*busy, required_id=R1)) == [("BUSY", F), ("BUSY", R1)]
    free = both(busy[0], schedule(R1), busy[2], required_id=R1)
    assert named(free) == [("BUSY", F)]


def test_a_refused_requested_schedule_is_named_though_others_are_free() -> None:
    inputs = both(schedule(F), schedule(R1, busy=BUSY_AT_NINE), schedule(R2), required_id=R1)
    assert named(inputs) == [("BUSY", R1)]


def test_a_schedule_without_a_calendar_is_named() -> None:
    required = [SlotRequirement(1, (F,)), SlotRequirement(1, (R1, R2))]
    inputs = slot_inputs(
        [schedule(F), schedule(R1, busy=BUSY_AT_NINE)], HOURLY, now=MONDAY, requirements=required
    )
    assert decide(inputs, monday(9)).helpful == {R1, R2}
    free = slot_inputs([schedule(R1)], HOURLY, now=MONDAY, requirements=required)
    assert decide(free, monday(9)).helpful == {F}


def test_a_session_that_has_a_seat_is_not_what_refuses() -> None:
    session = Session(monday(9), Interval(*meeting(9, 10)), (F, R1), 1)
    inputs = both(schedule(F), schedule(R1, busy=BUSY_AT_NINE), capacity=2, sessions=[session])
    assert named(inputs) == [("BUSY", R1)]


def test_sessions_refuse_where_nobody_can_join_and_nobody_is_left() -> None:
    session = Session(monday(9), Interval(*meeting(9, 10)), (F, R1), 1)
    inputs = both(
        schedule(F), schedule(R1, busy=BUSY_AT_NINE), schedule(R2), capacity=2, sessions=[session]
    )
    assert named(inputs) == [("SLOT_TAKEN", F)]


@st.composite
def teams(draw: st.DrawFn) -> tuple[SlotInputs, frozenset[UUID]]:
    """Requirements that could be met, and who of their schedules can serve."""
    ids = [schedule_id(number) for number in range(1, draw(st.integers(1, 5)) + 1)]
    some = st.lists(st.sampled_from(ids), min_size=1, unique=True)
    requirement = some.flatmap(
        lambda those: st.builds(SlotRequirement, st.integers(1, len(those)), st.just(tuple(those)))
    )
    required = draw(st.lists(requirement, min_size=1, max_size=3).filter(can_be_met))
    serving = draw(st.frozensets(st.sampled_from(ids)))
    calendars = [schedule(id_, busy=[] if id_ in serving else BUSY_AT_NINE) for id_ in ids]
    return slot_inputs(calendars, HOURLY, now=MONDAY, requirements=required), serving


@few
@given(teams())
def test_those_are_named_with_whom_more_could_be_met(
    given: tuple[SlotInputs, frozenset[UUID]],
) -> None:
    inputs, serving = given
    now = most_met(inputs.requirements, serving)
    everybody = {id_ for r in inputs.requirements for id_ in r.schedule_ids}
    helpful = {id_ for id_ in everybody if most_met(inputs.requirements, serving | {id_}) > now}
    explained = explain(inputs, monday(9))
    assert explained.helpful == helpful
    assert {refusal.schedule_id for refusal in explained.refusals} == helpful
    assert (explained.slot is None) == bool(helpful)


def most_met(requirements: Sequence[SlotRequirement], serving: frozenset[UUID]) -> int:
    """How many places can be filled at once, over all ways to fill them."""
    places = [requirement for requirement in requirements for _ in range(requirement.count)]
    nobody = schedule_id(99)
    filled = [*serving, *[nobody] * len(places)]
    return max(
        sum(place.names(id_) for place, id_ in zip(places, order, strict=False))
        for order in set(permutations(filled, len(places)))
    )
