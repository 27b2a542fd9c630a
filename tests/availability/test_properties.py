"""What holds whatever the schedule, the zone and the night."""

from dataclasses import replace
from itertools import pairwise
from typing import NamedTuple

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kalends.availability.interval import DAY_SECONDS, MINUTE_SECONDS, WEEK_SECONDS, Interval
from kalends.availability.matching import ScheduleId, SlotRequirement
from kalends.availability.slot_inputs import Calendar, Session, SlotInputs
from kalends.availability.slots import Slot, decide, explain, slots, without_now
from kalends.availability.wallclock import Zone, local_day
from tests.availability import oracle, strategies
from tests.availability.cases import slot_inputs

# Few enough for every run of the tests; for a soak, raise it.
few = settings(max_examples=20, deadline=None, suppress_health_check=list(HealthCheck))


class Case(NamedTuple):
    """What the engine is given, and the range that it is asked about."""

    inputs: SlotInputs
    span: Interval

    def calendar_of(self, schedule_id: ScheduleId) -> Calendar:
        (calendar,) = (one for one in self.inputs.calendars if one.schedule_id == schedule_id)
        return calendar


@st.composite
def cases(draw: st.DrawFn) -> Case:
    """One schedule, and a range around a strange night."""
    zone, night = draw(strategies.nights)
    calendar = draw(strategies.calendars(1, zone.name, night))
    now = night + draw(st.integers(-3 * DAY_SECONDS, DAY_SECONDS))
    inputs = slot_inputs([calendar], draw(strategies.terms), now=now)
    return Case(inputs, draw(strategies.spans(night)))


@st.composite
def team_cases(draw: st.DrawFn) -> Case:
    """Several schedules in two zones, with requirements, limits, sessions and wishes."""
    zone, night = draw(strategies.nights)
    team = [
        draw(strategies.calendars(number, draw(st.sampled_from((zone.name, "UTC"))), night))
        for number in range(1, draw(st.integers(2, 4)) + 1)
    ]
    ids = [calendar.schedule_id for calendar in team]
    some = st.lists(st.sampled_from(ids), min_size=1, unique=True)
    requirement = some.flatmap(
        lambda those: st.builds(SlotRequirement, st.integers(1, min(2, len(those))), st.just(those))
    )
    terms = replace(
        draw(strategies.terms),
        max_days_ahead=draw(st.sampled_from((None, 1, 3))),
        max_per_day=draw(st.sampled_from((None, None, 1))),
    )
    inputs = slot_inputs(
        team,
        terms,
        now=night + draw(st.integers(-2 * DAY_SECONDS, DAY_SECONDS)),
        requirements=draw(st.lists(requirement, min_size=1, max_size=2)),
        booked=[start for start, _ in draw(st.lists(strategies.times(night), max_size=2))],
        required_id=draw(st.sampled_from((None, None, *ids))),
        preferred_ids=draw(st.lists(st.sampled_from(ids), max_size=2, unique=True)),
    )
    return Case(_with_sessions(draw, inputs), draw(strategies.spans(night)))


def _with_sessions(draw: st.DrawFn, inputs: SlotInputs) -> SlotInputs:
    """Some of the slots that are offered become group sessions, with and without seats left."""
    around = Interval(inputs.now - DAY_SECONDS, inputs.now + 3 * DAY_SECONDS)
    offered = slots(inputs, around)
    if not offered or draw(st.booleans()):
        return inputs
    chosen = draw(st.lists(st.sampled_from(list(offered)), max_size=2, unique=True))
    sessions = [
        Session(s.start, Interval(s.start, s.end), s.schedule_ids, draw(st.integers(1, 3)))
        for s in chosen
    ]
    return replace(inputs, capacity=3, sessions=sessions)


@few
@given(cases())
def test_slots_are_those_that_walking_every_minute_finds(
    case: Case,
) -> None:
    inputs, span = case
    expected = oracle.walk(inputs.calendars[0], inputs.terms, inputs.now, span)
    assert slots(inputs, span).starts == expected


@few
@given(cases())
def test_no_slot_meets_a_busy_time_or_a_booking(case: Case) -> None:
    inputs, span = case
    calendar, terms = inputs.calendars[0], inputs.terms
    for slot in slots(inputs, span):
        taken = Interval(slot.start - terms.buffer_before, slot.end + terms.buffer_after)
        for times in (*calendar.busy, *calendar.occupied):
            assert not taken.overlaps(Interval(*times))


@few
@given(team_cases(), st.data())
def test_slots_of_a_range_are_those_of_its_parts(case: Case, data: st.DataObject) -> None:
    inputs, span = case
    cuts = data.draw(st.lists(st.integers(span.start, span.end), max_size=3))
    edges = sorted({span.start, *cuts, span.end})
    parts = [slot for a, b in pairwise(edges) for slot in slots(inputs, Interval(a, b))]
    assert parts == list(slots(inputs, span))


@few
@given(team_cases(), st.data())
def test_a_busy_time_more_never_adds_a_slot(case: Case, data: st.DataObject) -> None:
    inputs, span = case
    first, *others = inputs.calendars
    busier = replace(
        first, busy=[*first.busy, data.draw(strategies.times(span.start + DAY_SECONDS))]
    )
    fewer = slots(replace(inputs, calendars=[busier, *others]), span)
    assert set(fewer.starts) <= set(slots(inputs, span).starts)


@few
@given(cases(), st.integers(-60, 60))
def test_slots_repeat_a_week_later_where_the_clock_does_not_change(case: Case, weeks: int) -> None:
    inputs, span = case
    calendar = replace(inputs.calendars[0], hours=replace(inputs.calendars[0].hours, overrides={}))
    inputs = replace(inputs, calendars=[calendar])
    by = weeks * WEEK_SECONDS
    later = replace(inputs, calendars=[_shifted(calendar, by)], now=inputs.now + by)
    if _has_one_offset(calendar.zone, span, by):
        expected = [start + by for start in slots(inputs, span).starts]
        assert slots(later, Interval(span.start + by, span.end + by)).starts == expected


def _shifted(calendar: Calendar, by: int) -> Calendar:
    return replace(
        calendar,
        busy=[(start + by, end + by) for start, end in calendar.busy],
        occupied=[(start + by, end + by) for start, end in calendar.occupied],
        booked=[start + by for start in calendar.booked],
    )


def _has_one_offset(zone: Zone, span: Interval, by: int) -> bool:
    """Around the span and around where it is shifted to, and the same in both."""
    around = span.widened(4 * DAY_SECONDS, 4 * DAY_SECONDS)
    there = Interval(around.start + by, around.end + by)
    offsets = {offset for part in (around, there) for _, _, offset in zone.stretches(part)}
    return len(offsets) == 1


@few
@given(team_cases())
def test_what_is_listed_is_what_is_accepted(case: Case) -> None:
    inputs, span = case
    listed = {slot.start: slot for slot in slots(inputs, span)}
    some = list(listed)[::3]
    tried = set(some) | {
        start + beside for start in some for beside in (-MINUTE_SECONDS, MINUTE_SECONDS)
    }
    for start in tried | set(range(span.start, span.end, 7201)):
        if span.includes(start):
            _check_decisions(inputs, start, listed.get(start))


def _check_decisions(inputs: SlotInputs, start: int, listed: Slot | None) -> None:
    explained = explain(inputs, start)
    assert explained.slot == listed
    assert bool(explained.refusals) == (listed is None)
    decided = decide(inputs, start)
    assert bool(decided.refusals) == (decided.slot is None)
    if start >= inputs.now or inputs.terms.notice is not None:
        assert decided == explained


@few
@given(team_cases())
def test_every_refusal_of_a_schedule_names_what_is_in_the_way(
    case: Case,
) -> None:
    inputs, span = case
    for start in range(span.start, span.end, 4 * 3600):
        for refusal in explain(inputs, start).refusals:
            for interval, position in refusal.in_the_way:
                assert not interval.is_empty
                if position is not None and refusal.schedule_id is not None:
                    calendar = case.calendar_of(refusal.schedule_id)
                    times = {"BUSY": calendar.busy, "SLOT_TAKEN": calendar.occupied}[refusal.code]
                    assert times[position] == interval


@few
@given(team_cases())
def test_claimed_schedules_keep_their_limits_and_include_the_requested_one(
    case: Case,
) -> None:
    inputs, span = case
    for slot in slots(inputs, span):
        assert inputs.required_id is None or inputs.required_id in slot.schedule_ids
        for calendar in map(case.calendar_of, slot.schedule_ids):
            day = local_day(slot.start, calendar.zone)
            booked = [local_day(start, calendar.zone) for start in calendar.booked]
            assert calendar.max_per_day is None or booked.count(day) < calendar.max_per_day


@few
@given(team_cases(), st.integers(0, 3 * DAY_SECONDS))
def test_slots_marked_as_independent_of_now_stay(case: Case, later: int) -> None:
    inputs, span = case
    inputs = replace(inputs, now=inputs.now - 4 * DAY_SECONDS)
    timeless = without_now(inputs, span)
    if timeless is None:
        return
    listed = list(slots(inputs, span))
    assert list(slots(timeless, span)) == listed
    at_its_end = replace(inputs, now=inputs.now + later)
    if without_now(at_its_end, span) is not None:
        assert without_now(at_its_end, span) == timeless
        assert list(slots(at_its_end, span)) == listed
