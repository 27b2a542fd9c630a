"""Slots: list the times that can be booked, and explain why a time cannot."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

from msgspec import Struct, structs

from kalends.availability.slots import explain
from kalends.domain.calendars.connections import ConnectedCalendar
from kalends.runtime import unit_of_work
from kalends.runtime.unit_of_work import Caller, Context, UnitOfWork
from kalends.scheduling.availability import load_availability
from kalends.scheduling.explaining import Blocker, Reason, reasons_for
from kalends.scheduling.slot_queries import SlotPurpose, query_for
from kalends.scheduling.slots import ListedSlots, SlotRange, find_slots, load_slots
from kalends.store.calendars.calendars import find_calendars


class ExplainedSlot(Struct, frozen=True):
    """Whether a start is offered, and every rule that refuses it."""

    is_offered: bool
    reasons: Sequence[Reason]


async def list_slots(
    context: Context, caller: Caller, purpose: SlotPurpose, slot_range: SlotRange
) -> ListedSlots:
    """The slots that start in the range, ascending. Releases the connection before it searches
    them. Raises NotFound, Inactive, Invalid."""
    loaded = await unit_of_work.read(context, caller, load_slots, purpose, slot_range)
    return await find_slots(loaded)


async def explain_slot(
    work: UnitOfWork, purpose: SlotPurpose, starts_at: datetime
) -> ExplainedSlot:
    """Whether the start is offered, and every rule that refuses it: those of the event type, and of
    the schedules that would help. Raises NotFound, Invalid."""
    query = await query_for(work, purpose)
    loaded = await load_availability(
        work, query, (starts_at, starts_at + query.duration), with_ids=True
    )
    loaded.check_schedules()
    decision = explain(loaded.inputs, int(starts_at.timestamp()))
    reasons = await _name_calendars(work, reasons_for(work.caller, decision, loaded))
    return ExplainedSlot(decision.slot is not None, reasons)


async def _name_calendars(work: UnitOfWork, reasons: Sequence[Reason]) -> Sequence[Reason]:
    """The reasons with the names of the calendars elsewhere that are in the way."""
    blockers = [blocker for reason in reasons for blocker in reason.in_the_way]
    named = list({b.calendar_id for b in blockers if b.calendar_id is not None})
    if not named:
        return reasons
    calendars = await find_calendars(work.tenant, named)
    return [
        structs.replace(reason, in_the_way=[_with_name(b, calendars) for b in reason.in_the_way])
        for reason in reasons
    ]


def _with_name(blocker: Blocker, calendars: Mapping[UUID, ConnectedCalendar]) -> Blocker:
    calendar = None if blocker.calendar_id is None else calendars.get(blocker.calendar_id)
    return structs.replace(blocker, calendar_name=calendar and calendar.name)
