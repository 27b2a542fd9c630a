"""The shared case tables: what brute force over every UTC minute finds."""

from datetime import date
from typing import Any

import pytest

from kalends.availability.interval import MINUTE_SECONDS, Interval
from kalends.availability.slot_inputs import Calendar, SlotInputs, SlotTerms
from kalends.availability.slots import decide, explain, slots
from kalends.availability.wallclock import days, zone_named
from tests.availability.cases import OCCUPYING, at, hours, load, schedule_id, slot_inputs, starts

DST_CASES = load("dst_cases.json")
SLOT_CASES = load("slot_cases.json")


def _name(case: dict[str, Any]) -> str:
    return str(case["id"])


@pytest.mark.parametrize("case", DST_CASES, ids=_name)
def test_slots_follow_the_clock_of_their_zone(case: dict[str, Any]) -> None:
    inputs, spans = _dst_case(case)
    listed = [slot for span in spans for slot in slots(inputs, span)]
    assert starts(listed) == case["expected_utc_starts"], case["why"]


@pytest.mark.parametrize("case", SLOT_CASES, ids=_name)
def test_slots_keep_clear_of_busy_times_bookings_notice_and_limits(case: dict[str, Any]) -> None:
    inputs, span = _slot_case(case)
    assert starts(slots(inputs, span)) == case["expected_utc_starts"]


@pytest.mark.parametrize("case", SLOT_CASES, ids=_name)
def test_what_is_listed_is_accepted_and_a_minute_beside_it_is_refused(case: dict[str, Any]) -> None:
    inputs, span = _slot_case(case)
    listed = {slot.start: slot for slot in slots(inputs, span)}
    for start, slot in listed.items():
        assert decide(inputs, start).slot == slot
        for beside in (start - MINUTE_SECONDS, start + MINUTE_SECONDS):
            decision = explain(inputs, beside)
            assert decision.slot == listed.get(beside)
            assert bool(decision.refusals) == (beside not in listed)


def _dst_case(case: dict[str, Any]) -> tuple[SlotInputs, list[Interval]]:
    zone = zone_named(case["time_zone"])
    first, last = (date.fromisoformat(case[key]) for key in ("date_from", "date_to"))
    spans = days(first, last, zone)
    calendar = Calendar(schedule_id(1), zone, hours(**case["schedule"]))
    terms = SlotTerms(
        case["duration_minutes"] * MINUTE_SECONDS, case["step_minutes"] * MINUTE_SECONDS
    )
    return slot_inputs([calendar], terms, now=spans[0].start), spans


def _slot_case(case: dict[str, Any]) -> tuple[SlotInputs, Interval]:
    occupying = [b for b in case["bookings"] if b["status"] in OCCUPYING]
    calendar = Calendar(
        schedule_id(1),
        zone_named(case["time_zone"]),
        hours(**case["schedule"]),
        busy=[(at(busy["start"]), at(busy["end"])) for busy in case["busy"]],
        occupied=[_occupied(booking) for booking in occupying],
        booked=[at(booking["start"]) for booking in occupying],
        max_per_day=case["max_per_day"],
    )
    terms = SlotTerms(
        case["duration_minutes"] * MINUTE_SECONDS,
        case["step_minutes"] * MINUTE_SECONDS,
        buffer_before=case["buffer_before_minutes"] * MINUTE_SECONDS,
        buffer_after=case["buffer_after_minutes"] * MINUTE_SECONDS,
        notice=case["min_notice_minutes"] * MINUTE_SECONDS,
    )
    span = Interval(at(case["range_start"]), at(case["range_end"]))
    return slot_inputs([calendar], terms, now=at(case["now"])), span


def _occupied(booking: dict[str, Any]) -> tuple[int, int]:
    before, after = (
        booking[f"buffer_{side}_minutes"] * MINUTE_SECONDS for side in ("before", "after")
    )
    return at(booking["start"]) - before, at(booking["end"]) + after
