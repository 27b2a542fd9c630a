"""Group sessions, against a model that tries everything."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import chain
from typing import Any, NamedTuple
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from kalends.availability.interval import DAY_SECONDS, Interval
from kalends.availability.matching import SlotRequirement, choose
from kalends.availability.slot_inputs import Calendar, Session, SlotInputs, SlotTerms
from kalends.availability.slots import Slot, SlotDecision, decide, slots
from tests.availability.cases import every_day, schedule_id, slot_inputs
from tests.availability.test_properties import few
from tests.availability.test_slots import HOUR, MONDAY, UTC, meeting, monday

H1, H2, R1, R2 = (schedule_id(number) for number in (1, 2, 3, 4))
NINE_TO_TWELVE = every_day("09:00", "12:00")
CLASS = SlotTerms(HOUR, HOUR)


def schedule(id_: UUID, **given: Any) -> Calendar:
    return Calendar(id_, UTC, NINE_TO_TWELVE, **given)


def session(seats: int, *ids: UUID, hour: float = 9) -> Session:
    return Session(monday(hour), Interval(*meeting(hour, hour + 1)), ids, seats)


def either(*sessions: Session, terms: SlotTerms = CLASS, **given: Any) -> SlotInputs:
    """One of two hosts, two seats."""
    calendars = given.pop("calendars", [schedule(H1), schedule(H2)])
    return slot_inputs(calendars, terms, now=MONDAY, capacity=2, sessions=sessions, **given)


def taken(inputs: SlotInputs, hour: float = 9) -> tuple[tuple[UUID, ...], int]:
    slot = decide(inputs, monday(hour)).slot
    assert slot is not None
    return slot.schedule_ids, slot.seats_left


def codes(decision: SlotDecision) -> list[str]:
    return [str(refusal.code) for refusal in decision.refusals]


def test_a_further_session_opens_where_the_first_is_full() -> None:
    assert taken(either(session(2, H1))) == ((H2,), 2)
    full = either(session(2, H1), session(2, H2))
    assert codes(decide(full, monday(9))) == ["SLOT_TAKEN", "SLOT_TAKEN"]


def test_the_fullest_that_can_be_joined_is_joined_then_the_lowest() -> None:
    three = [schedule(id_) for id_ in (H1, H2, R1)]
    inputs = either(session(1, H2), session(1, R1), session(2, H1), calendars=three)
    assert taken(inputs) == ((H2,), 1)
    inputs = slot_inputs(
        three, CLASS, now=MONDAY, capacity=3, sessions=[session(1, H1), session(2, R1)]
    )
    assert taken(inputs) == ((R1,), 1)


def test_a_session_whose_schedule_is_busy_is_passed_by() -> None:
    calendars = [schedule(H1, busy=[meeting(9, 10)]), schedule(H2)]
    assert taken(either(session(1, H1), calendars=calendars)) == ((H2,), 2)


def test_a_requested_schedule_opens_a_session_of_its_own() -> None:
    assert taken(either(session(1, H1), required_id=H2)) == ((H2,), 2)
    assert taken(either(session(1, H1), session(1, H2), required_id=H2)) == ((H2,), 1)
    refused = decide(either(session(2, H2), required_id=H2), monday(9))
    assert [(r.code, r.schedule_id) for r in refused.refusals] == [("SLOT_TAKEN", H2)]


def test_who_moves_stays_in_his_session_or_on_his_schedules() -> None:
    two = session(1, H1), session(2, H2)
    three = [schedule(id_) for id_ in (H1, H2, R1)]
    inputs = slot_inputs(three, CLASS, now=MONDAY, capacity=3, sessions=two)
    assert taken(inputs) == ((H2,), 1)
    assert taken(replace(inputs, preferred_ids=[H1])) == ((H1,), 2)
    assert taken(replace(inputs, preferred_ids=[R1])) == ((R1,), 3)


def test_a_room_that_two_sessions_would_share_is_taken_once() -> None:
    required = [SlotRequirement(1, (H1, H2)), SlotRequirement(1, (R1,))]
    calendars = [schedule(id_) for id_ in (H1, H2, R1)]
    inputs = either(session(2, H1, R1), calendars=calendars, requirements=required)
    refused = decide(inputs, monday(9))
    assert [(r.code, r.schedule_id) for r in refused.refusals] == [("SLOT_TAKEN", R1)]
    second = [*calendars, schedule(R2)]
    required = [SlotRequirement(1, (H1, H2)), SlotRequirement(1, (R1, R2))]
    inputs = either(session(2, H1, R1), calendars=second, requirements=required)
    assert taken(inputs) == ((H2, R2), 2)


def test_a_session_on_a_schedule_that_is_not_there_is_not_joined() -> None:
    inputs = either(session(1, H1, R1), calendars=[schedule(H1), schedule(H2)])
    assert taken(inputs) == ((H2,), 2)


def test_the_last_seat_differs_from_that_of_the_last_session() -> None:
    (first, second, _) = slots(either(session(1, H1)), Interval(MONDAY, MONDAY + DAY_SECONDS))
    assert (first.seats_left, first.has_further) == (1, True)
    assert (second.seats_left, second.has_further) == (2, False)
    (first, *_) = slots(
        either(session(2, H1), session(1, H2)), Interval(MONDAY, MONDAY + DAY_SECONDS)
    )
    assert (first.seats_left, first.has_further) == (1, False)


def test_a_full_day_lets_sessions_be_joined_and_none_be_opened() -> None:
    limited = replace(CLASS, max_per_day=1)
    full_day = either(session(1, H1), terms=limited, booked=[monday(9)])
    assert taken(full_day) == ((H1,), 1)
    listed = slots(full_day, Interval(MONDAY, MONDAY + DAY_SECONDS))
    assert [(slot.start, slot.has_further) for slot in listed] == [(monday(9), False)]
    assert codes(decide(full_day, monday(10))) == ["LIMIT_REACHED"]
    full_session = either(session(2, H1), terms=limited, booked=[monday(9)])
    assert codes(decide(full_session, monday(9))) == ["LIMIT_REACHED"]


def test_a_full_day_of_a_schedule_lets_its_session_be_joined() -> None:
    calendars = [schedule(H1, booked=[monday(9)], max_per_day=1)]
    inputs = either(session(1, H1), calendars=calendars)
    assert taken(inputs) == ((H1,), 1)
    assert codes(decide(inputs, monday(10))) == ["LIMIT_REACHED"]


def test_a_limit_that_does_not_refuse_is_not_named() -> None:
    limited = replace(CLASS, notice=DAY_SECONDS, max_per_day=1)
    assert codes(decide(either(session(1, H1), terms=limited, booked=[monday(9)]), monday(9))) == [
        "TOO_SHORT_NOTICE"
    ]


def test_notice_and_horizon_hold_for_who_joins() -> None:
    late = either(session(1, H1), terms=replace(CLASS, notice=DAY_SECONDS))
    assert codes(decide(late, monday(9))) == ["TOO_SHORT_NOTICE"]
    assert not slots(late, Interval(MONDAY, MONDAY + DAY_SECONDS))


class Requested(NamedTuple):
    required_id: UUID | None
    own: tuple[UUID, ...]


@dataclass
class Model:
    """One start, worked out by hand: who is free, which sessions there are, who gets what."""

    requirements: Sequence[SlotRequirement]
    capacity: int
    ids: Sequence[UUID]
    busy: frozenset[UUID]
    limits: dict[UUID, int]
    max_per_day: int | None
    elsewhere: dict[UUID, int]
    sessions: dict[tuple[UUID, ...], int] = field(default_factory=dict)

    def place(self, requested: Requested) -> tuple[UUID, ...] | None:
        joinable = [
            ids
            for ids, seats in self.sessions.items()
            if seats < self.capacity
            and not self.busy & set(ids)
            and (requested.required_id is None or requested.required_id in ids)
        ]
        opened = self._opened(requested)
        if requested.own:
            own = [ids for ids in joinable if set(ids) == set(requested.own)]
            if own:
                return own[0]
            if opened is not None and set(opened) == set(requested.own):
                return opened
        if joinable:
            return min(joinable, key=lambda ids: (-self.sessions[ids], ids))
        return opened

    def _opened(self, requested: Requested) -> tuple[UUID, ...] | None:
        if self.max_per_day is not None and len(self.sessions) >= self.max_per_day:
            return None
        in_session = set(chain.from_iterable(self.sessions))
        free = [
            id_
            for id_ in self.ids
            if id_ not in self.busy | in_session
            and (id_ not in self.limits or self.claims_on(id_) < self.limits[id_])
        ]
        favoured = [id_ for id_ in (requested.required_id, *requested.own) if id_ in free]
        ordered = [
            id_
            for requirement in self.requirements
            for id_ in sorted(
                (m for m in requirement.schedule_ids if m in free),
                key=lambda id_: self._order(requirement, id_, free),
            )
        ]
        team = choose(self.requirements, list(dict.fromkeys([*favoured, *ordered])))
        if team is None or (
            requested.required_id is not None and requested.required_id not in team
        ):
            return None
        return tuple(sorted(team))

    def _order(self, requirement: SlotRequirement, id_: UUID, free: Sequence[UUID]) -> Any:
        least = min(self.claims_on(m) for m in requirement.schedule_ids if m in free)
        return self.claims_on(id_) - least >= 2, self.claims_on(id_), id_

    def claims_on(self, id_: UUID) -> int:
        return self.elsewhere[id_] + sum(id_ in ids for ids in self.sessions)

    def slot_inputs(self, requested: Requested) -> SlotInputs:
        calendars = [
            Calendar(
                id_,
                UTC,
                NINE_TO_TWELVE,
                busy=[meeting(9, 10)] if id_ in self.busy else [],
                booked=[monday(9)] * self.claims_on(id_),
                max_per_day=self.limits.get(id_),
            )
            for id_ in self.ids
        ]
        return slot_inputs(
            calendars,
            replace(CLASS, max_per_day=self.max_per_day),
            now=MONDAY,
            requirements=self.requirements,
            booked=[monday(9)] * len(self.sessions),
            capacity=self.capacity,
            sessions=[session(seats, *ids) for ids, seats in self.sessions.items()],
            required_id=requested.required_id,
            preferred_ids=requested.own,
        )


@st.composite
def models(draw: st.DrawFn) -> Model:
    ids = [schedule_id(number) for number in range(1, draw(st.integers(1, 5)) + 1)]
    some = st.lists(st.sampled_from(ids), min_size=1, unique=True)
    requirement = some.flatmap(
        lambda those: st.builds(
            SlotRequirement, st.integers(1, min(2, len(those))), st.just(tuple(those))
        )
    )
    return Model(
        requirements=draw(st.lists(requirement, min_size=1, max_size=2)),
        capacity=draw(st.integers(2, 3)),
        ids=ids,
        busy=draw(st.frozensets(st.sampled_from(ids), max_size=1)),
        limits=draw(st.dictionaries(st.sampled_from(ids), st.integers(0, 2), max_size=1)),
        max_per_day=draw(st.sampled_from((None, None, 1, 2))),
        elsewhere={id_: draw(st.integers(0, 2)) for id_ in ids},
    )


@few
@given(models(), st.data())
def test_everybody_gets_the_session_that_the_model_says(model: Model, data: st.DataObject) -> None:
    named = sorted({id_ for r in model.requirements for id_ in r.schedule_ids})
    for requested in wishes(data, named):
        expected = model.place(requested)
        decision = decide(model.slot_inputs(requested), monday(9))
        check_listed(model.slot_inputs(requested), decision.slot)
        if expected is None:
            assert decision.slot is None
            assert decision.refusals
            continue
        assert decision.slot is not None
        assert tuple(sorted(decision.slot.schedule_ids)) == expected
        assert decision.slot.seats_left == model.capacity - model.sessions.get(expected, 0)
        model.sessions[expected] = model.sessions.get(expected, 0) + 1
        occupied = [id_ for ids in model.sessions for id_ in ids]
        assert len(occupied) == len(set(occupied))


def wishes(data: st.DataObject, named: Sequence[UUID]) -> Iterator[Requested]:
    for _ in range(data.draw(st.integers(1, 8))):
        required_id = data.draw(st.sampled_from((None, None, *named)))
        own = data.draw(st.lists(st.sampled_from(named), max_size=2, unique=True))
        yield Requested(required_id, tuple(own) if data.draw(st.booleans()) else ())


def check_listed(inputs: SlotInputs, slot: Slot | None) -> None:
    listed = slots(inputs, Interval(monday(9), monday(9) + 1))
    assert list(listed) == ([slot] if slot else [])
