"""Who is taken of several: the order, and the shares that follow from it."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import pairwise
from random import Random
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kalends.availability.hours import ALWAYS_OPEN
from kalends.availability.interval import DAY_SECONDS, Interval
from kalends.availability.matching import SlotRequirement, can_be_met
from kalends.availability.slot_inputs import Calendar, SlotInputs, SlotTerms
from kalends.availability.slots import decide, slots
from kalends.availability.wallclock import month_of, zone_named
from tests.availability.cases import at, every_day, schedule_id, slot_inputs
from tests.availability.test_properties import few

UTC = zone_named("UTC")
BERLIN = zone_named("Europe/Berlin")
HOUR = 3600
HOURLY = SlotTerms(HOUR, HOUR)
JUNE = at("2026-06-01T00:00Z")
JUNE_NUMBER = 2026 * 12 + 5
A, B, C, D = (schedule_id(number) for number in (1, 2, 3, 4))


@dataclass
class Rota:
    """Schedules that are always free, of which one is needed, and what they were given."""

    weights: Sequence[int]
    booked: dict[UUID, list[int]] = field(default_factory=dict)
    first_counted: int = 0

    @property
    def ids(self) -> list[UUID]:
        return [schedule_id(number) for number in range(1, len(self.weights) + 1)]

    def book(self, start: int) -> UUID:
        decision = decide(self.slot_inputs(), start)
        assert decision.slot is not None
        (taken,) = decision.slot.schedule_ids
        self.booked.setdefault(taken, []).append(start)
        return taken

    def slot_inputs(self) -> SlotInputs:
        calendars = [
            Calendar(id_, UTC, ALWAYS_OPEN, booked=self.booked.get(id_, ())) for id_ in self.ids
        ]
        weights = tuple(zip(self.ids, self.weights, strict=True))
        claims = tuple(
            (id_, month, count)
            for id_ in self.ids
            for month, count in months(self.booked.get(id_, ())[self.first_counted :]).items()
        )
        requirement = SlotRequirement(1, tuple(self.ids), weights, claims)
        return slot_inputs(calendars, HOURLY, now=JUNE - DAY_SECONDS, requirements=[requirement])

    def in_a_month(self) -> list[int]:
        return [len(self.booked.get(id_, ())) for id_ in self.ids]

    def in_a_day(self, day: int) -> list[int]:
        return [
            sum(start // DAY_SECONDS == day for start in self.booked.get(id_, ()))
            for id_ in self.ids
        ]


def months(starts: Iterable[int]) -> Counter[int]:
    return Counter(month_of(start // DAY_SECONDS) for start in starts)


def spread(counts: Sequence[int]) -> int:
    return max(counts) - min(counts)


def some_starts(chance: Random, count: int, days: int) -> list[int]:
    return [
        JUNE + chance.randrange(days) * DAY_SECONDS + chance.randrange(24) * HOUR
        for _ in range(count)
    ]


def test_one_booking_a_day_goes_round() -> None:
    rota = Rota([1, 1, 1])
    taken = [rota.book(JUNE + day * DAY_SECONDS + 9 * HOUR) for day in range(10)]
    assert taken == [A, B, C, A, B, C, A, B, C, A]


@pytest.mark.parametrize("seed", range(25))
def test_equal_schedules_differ_by_two_at_most(seed: int) -> None:
    chance = Random(seed)
    rota = Rota([1] * chance.randint(2, 6))
    days = chance.choice([1, 2, 5, 30])
    for start in some_starts(chance, chance.randint(5, 80), days):
        rota.book(start)
        assert spread(rota.in_a_month()) <= 2
        assert spread(rota.in_a_day(start // DAY_SECONDS)) <= 2


@pytest.mark.parametrize("seed", range(25))
def test_weighted_schedules_are_near_their_share(seed: int) -> None:
    chance = Random(seed)
    rota = Rota([chance.randint(1, 10) for _ in range(chance.randint(2, 5))])
    starts = some_starts(chance, chance.randint(20, 120), 30)
    for start in starts:
        rota.book(start)
    for weight, had in zip(rota.weights, rota.in_a_month(), strict=True):
        assert abs(had - Fraction(len(starts) * weight, sum(rota.weights))) <= Fraction(3, 2)


def test_the_next_month_begins_anew() -> None:
    rota = Rota([1, 1])
    rota.booked[A] = [JUNE + day * DAY_SECONDS for day in range(0, 20, 2)]
    assert rota.book(JUNE + 21 * DAY_SECONDS) == B
    assert rota.book(JUNE + 31 * DAY_SECONDS) == A


def test_the_month_is_that_of_the_event_types_zone() -> None:
    claims = ((A, JUNE_NUMBER, 3),)
    calendars = [Calendar(id_, BERLIN, ALWAYS_OPEN) for id_ in (A, B)]
    inputs = slot_inputs(
        calendars,
        HOURLY,
        now=JUNE - DAY_SECONDS,
        requirements=[SlotRequirement(1, (A, B), claims=claims)],
    )
    listed = {s.start: s.schedule_ids for s in slots(inputs, Interval(JUNE - 3 * HOUR, JUNE))}
    assert listed == {
        JUNE - 3 * HOUR: (A,), JUNE - 2 * HOUR: (B,), JUNE - HOUR: (B,),
    }  # fmt: skip


def test_who_runs_ahead_today_waits_though_the_month_is_his() -> None:
    calendars = [
        Calendar(A, UTC, ALWAYS_OPEN, booked=[JUNE, JUNE + HOUR]),
        Calendar(B, UTC, ALWAYS_OPEN),
    ]
    claims = ((B, JUNE_NUMBER, 9),)
    inputs = slot_inputs(
        calendars,
        HOURLY,
        now=JUNE - DAY_SECONDS,
        requirements=[SlotRequirement(1, (A, B), claims=claims)],
    )
    assert decide(inputs, JUNE + 9 * HOUR).slot[2] == (B,)  # type: ignore[index]
    assert decide(inputs, JUNE + DAY_SECONDS).slot[2] == (A,)  # type: ignore[index]


def test_who_cannot_serve_holds_nobody_back() -> None:
    ahead = [JUNE, JUNE + HOUR]
    busy = [(JUNE + 9 * HOUR, JUNE + 10 * HOUR)]
    calendars = [
        Calendar(A, UTC, ALWAYS_OPEN, booked=ahead),
        Calendar(B, UTC, ALWAYS_OPEN, booked=ahead),
        Calendar(C, UTC, ALWAYS_OPEN, busy=busy),
    ]
    claims = ((A, JUNE_NUMBER, 1),)
    required = [SlotRequirement(1, (A, B, C), claims=claims)]
    inputs = slot_inputs(calendars, HOURLY, now=JUNE - DAY_SECONDS, requirements=required)
    assert decide(inputs, JUNE + 9 * HOUR).slot[2] == (B,)  # type: ignore[index]
    assert decide(inputs, JUNE + 10 * HOUR).slot[2] == (C,)  # type: ignore[index]


def test_who_runs_ahead_is_measured_by_those_who_can_serve() -> None:
    nine, busy = JUNE + 9 * HOUR, [(JUNE + 9 * HOUR, JUNE + 10 * HOUR)]
    calendars = [
        Calendar(A, UTC, ALWAYS_OPEN, booked=[JUNE]),
        Calendar(B, UTC, ALWAYS_OPEN, booked=[JUNE, JUNE + HOUR]),
        Calendar(C, UTC, ALWAYS_OPEN, busy=busy),
    ]
    claims = ((A, JUNE_NUMBER, 2), (C, JUNE_NUMBER, 9))
    required = [SlotRequirement(1, (A, B, C), claims=claims)]
    inputs = slot_inputs(calendars, HOURLY, now=JUNE - DAY_SECONDS, requirements=required)
    listed = {
        slot.start: slot.schedule_ids for slot in slots(inputs, Interval(JUNE, JUNE + DAY_SECONDS))
    }
    assert (listed[nine], listed[nine + HOUR]) == ((B,), (A,))


@st.composite
def any_team(draw: st.DrawFn) -> SlotInputs:
    """Up to five schedules with what they had, some of them busy, and up to two requirements."""
    ids = [schedule_id(number) for number in range(1, draw(st.integers(2, 5)) + 1)]
    few_times = st.lists(st.integers(0, 47), max_size=5)
    calendars = [
        Calendar(
            id_,
            draw(st.sampled_from((UTC, BERLIN))),
            every_day("06:00", "18:00"),
            busy=[(JUNE + hour * HOUR, JUNE + (hour + 1) * HOUR) for hour in draw(few_times)],
            booked=[JUNE + hour * HOUR for hour in draw(few_times)],
        )
        for id_ in ids
    ]
    weights = tuple((id_, draw(st.integers(1, 10))) for id_ in ids)
    requirements = []
    for _ in range(draw(st.integers(1, 2))):
        members = tuple(draw(st.lists(st.sampled_from(ids), min_size=1, unique=True)))
        count = draw(st.integers(1, len(members)))
        claims = tuple((id_, JUNE_NUMBER, draw(st.integers(0, 4))) for id_ in members)
        requirements.append(SlotRequirement(count, members, weights, claims))
    return slot_inputs(
        calendars,
        HOURLY,
        now=JUNE - DAY_SECONDS,
        requirements=requirements,
        preferred_ids=draw(st.lists(st.sampled_from(ids), max_size=2, unique=True)),
    )


@few
@given(any_team())
def test_who_is_taken_is_as_the_definition_says(inputs: SlotInputs) -> None:
    for slot in slots(inputs, Interval(JUNE, JUNE + 2 * DAY_SECONDS)):
        alone = Interval(slot.start, slot.start + 1)
        serving = [
            calendar.schedule_id
            for calendar in inputs.eligible
            if slots(slot_inputs([calendar], HOURLY, now=JUNE - DAY_SECONDS), alone)
        ]
        assert slot.schedule_ids == tuple(taken_of(inputs, slot.start, serving))


def taken_of(inputs: SlotInputs, start: int, serving: Sequence[UUID]) -> list[UUID]:
    in_order = [id_ for id_ in inputs.preferred_ids if id_ in serving]
    for requirement in inputs.requirements:
        in_order += order_of(inputs, requirement, start, serving)
    taken: list[UUID] = []
    for id_ in in_order:
        if id_ not in taken and can_all_be_taken(inputs.requirements, [*taken, id_], serving):
            taken.append(id_)
    return taken


def order_of(
    inputs: SlotInputs, requirement: SlotRequirement, start: int, serving: Sequence[UUID]
) -> list[UUID]:
    """Word for word."""
    calendars = {calendar.schedule_id: calendar for calendar in inputs.calendars}
    members = [id_ for id_ in requirement.schedule_ids if id_ in serving]
    weight, made = dict(requirement.weights), {id_: n for id_, _, n in requirement.claims}

    def on_the_day(id_: UUID) -> int:
        zone = calendars[id_].zone
        day = zone.wall_at(start) // DAY_SECONDS
        return sum(zone.wall_at(other) // DAY_SECONDS == day for other in calendars[id_].booked)

    part = {id_: Fraction(on_the_day(id_), weight[id_]) for id_ in members}
    smallest = min(part.values(), default=Fraction(0))
    return sorted(
        members,
        key=lambda id_: (
            part[id_] - smallest >= 2,
            Fraction(2 * made[id_] + 1, weight[id_]),
            Fraction(2 * on_the_day(id_) + 1, weight[id_]),
            id_,
        ),
    )


def can_all_be_taken(
    requirements: Sequence[SlotRequirement], taken: Sequence[UUID], serving: Sequence[UUID]
) -> bool:
    """Whether everything can be met with all of these taken, by brute force over who goes where."""

    def place(left: Sequence[UUID], counts: Mapping[int, int]) -> bool:
        if not left:
            return can_be_met_by_others(requirements, counts, set(serving) - set(taken))
        first, *others = left
        return any(
            place(others, {**counts, number: counts[number] - 1})
            for number, requirement in enumerate(requirements)
            if counts[number] and requirement.names(first)
        )

    return place(taken, {number: r.count for number, r in enumerate(requirements)})


def can_be_met_by_others(
    requirements: Sequence[SlotRequirement], counts: Mapping[int, int], others: set[UUID]
) -> bool:
    left = [
        SlotRequirement(counts[number], [id_ for id_ in requirement.schedule_ids if id_ in others])
        for number, requirement in enumerate(requirements)
        if counts[number]
    ]
    return can_be_met(left)


def test_months_are_cut_where_the_clock_goes_back_over_midnight() -> None:
    st_johns = zone_named("America/St_Johns")
    middle = at("2009-11-01T02:31:00Z")
    months = list(st_johns.months_in(Interval(middle - 60 * DAY_SECONDS, middle + 5 * DAY_SECONDS)))
    assert [month - 2009 * 12 + 1 for month, _, _ in months] == [9, 10, 11, 10, 11]
    for (_, _, end), (_, start, _) in pairwise(months):
        assert end == start
    whole = st_johns.whole_months(Interval(middle, middle + HOUR))
    assert [month - 2009 * 12 + 1 for month, _, _ in whole] == [10, 11, 10, 11]
    assert whole[0][1] == at("2009-10-01T02:30:00Z")
    assert whole[-1][2] == at("2009-12-01T03:30:00Z")
