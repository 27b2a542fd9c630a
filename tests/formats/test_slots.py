"""The text of slots, which is written by hand, is what the encoder would make of the struct."""

from dataclasses import replace

import pytest
from msgspec import json

from kalends.availability.hours import ALWAYS_OPEN
from kalends.availability.interval import DAY_SECONDS, Interval
from kalends.availability.matching import SlotRequirement
from kalends.availability.slot_inputs import Calendar, Session, SlotInputs, SlotTerms
from kalends.availability.slots import Slot, Slots, slots
from kalends.availability.wallclock import Zone, zone_named
from kalends.formats.encoding import encode
from kalends.formats.slots import SlotBody, encode_slots, show_schedule_ids
from kalends.scheduling.availability import as_instant
from tests.availability.cases import at, schedule_id, slot_inputs

NIGHT = at("2026-10-25T00:00:00Z")  # two hours in which Berlin's clock goes back
SPAN = Interval(NIGHT - DAY_SECONDS // 4, NIGHT + DAY_SECONDS // 4)
HALF_AN_HOUR = SlotTerms(1800, 1800)
BERLIN = zone_named("Europe/Berlin")


def of_the_struct(slot: Slot, zone: Zone | None) -> SlotBody:
    body = SlotBody(
        start_time=as_instant(slot.start),
        end_time=as_instant(slot.end),
        schedule_ids=show_schedule_ids(slot.schedule_ids),
        seats_left=slot.seats_left,
    )
    if zone is None:
        return body
    return SlotBody(
        body.start_time,
        body.end_time,
        body.schedule_ids,
        body.seats_left,
        zone.local_text(slot.start),
    )


def slots_of(capacity: int, schedules: int) -> Slots:
    team = [Calendar(schedule_id(n), BERLIN, ALWAYS_OPEN) for n in range(1, schedules + 1)]
    ids = tuple(calendar.schedule_id for calendar in team)
    session = Session(NIGHT, Interval(NIGHT, NIGHT + 1800), ids, seats_taken=1)
    inputs: SlotInputs = slot_inputs(
        team, HALF_AN_HOUR, now=NIGHT - DAY_SECONDS, requirements=[SlotRequirement(schedules, ids)]
    )
    if capacity > 1:
        inputs = replace(inputs, capacity=capacity, sessions=[session])
    return slots(inputs, SPAN)


@pytest.mark.parametrize("zone", [None, BERLIN, zone_named("Australia/Eucla")])
@pytest.mark.parametrize(("capacity", "schedules"), [(1, 1), (1, 3), (4, 2)])
def test_the_text_is_what_the_struct_would_be(
    zone: Zone | None, capacity: int, schedules: int
) -> None:
    listed = slots_of(capacity, schedules)
    assert len(listed) == 24
    expected = [json.decode(encode(of_the_struct(slot, zone))) for slot in listed]
    for _ in range(2):  # also when it is kept
        assert json.decode(encode_slots(listed, zone)) == expected


def test_no_slots_are_an_empty_list() -> None:
    nobody = slot_inputs(
        [Calendar(schedule_id(1), BERLIN, ALWAYS_OPEN)], HALF_AN_HOUR, now=SPAN.end
    )
    inputs = replace(nobody, terms=replace(HALF_AN_HOUR, notice=0))
    assert encode_slots(slots(inputs, SPAN)) == b"[]"


@pytest.mark.parametrize(("schedules", "is_kept"), [(1, True), (124, True), (125, False)])
def test_texts_of_many_schedules_are_not_kept(schedules: int, is_kept: bool) -> None:
    listed = slots_of(1, schedules)
    assert (encode_slots(listed) is encode_slots(listed)) is is_kept
