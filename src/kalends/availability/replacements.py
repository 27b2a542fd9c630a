"""Finds the schedules that could take a booking in place of another, in the fair order."""

from collections.abc import Sequence
from dataclasses import replace

from kalends.availability.candidates import Candidates
from kalends.availability.fairness import orders
from kalends.availability.matching import ScheduleId
from kalends.availability.slot_inputs import SlotInputs
from kalends.availability.slots import decide


def replacements(
    inputs: SlotInputs,
    start: int,
    taken: Sequence[ScheduleId],
    leaving: ScheduleId,
    seats: int = 1,
) -> list[ScheduleId]:
    """The schedules that could replace `leaving`, so that what takes the schedules `taken` at
    `start` can go on, in the order of assignment. `seats` of a group session move together. The
    inputs do not contain the booking."""
    staying = [id_ for id_ in taken if id_ != leaving]
    eligible = inputs.eligible
    can_replace = [
        calendar.schedule_id not in taken
        and _is_met(inputs, start, [*staying, calendar.schedule_id], seats)
        for calendar in eligible
    ]
    for _, order in orders(inputs, Candidates([start]), eligible):
        return [eligible[place].schedule_id for place in order.among(can_replace)]
    return []


def _is_met(inputs: SlotInputs, start: int, chosen: Sequence[ScheduleId], seats: int) -> bool:
    """Whether exactly these schedules meet the requirements, and are free."""
    requirements = [
        replace(needed, schedule_ids=[id_ for id_ in needed.schedule_ids if id_ in chosen])
        for needed in inputs.requirements
    ]
    calendars = [c for c in inputs.calendars if c.schedule_id in chosen]
    alone = replace(
        inputs, calendars=calendars, requirements=requirements, preferred_ids=tuple(chosen)
    )
    slot = decide(alone, start).slot
    return slot is not None and set(slot.schedule_ids) == set(chosen) and slot.seats_left >= seats
