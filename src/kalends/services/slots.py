"""Slots: list what can be booked, and explain why a time cannot."""

from collections.abc import Sequence
from datetime import datetime

from msgspec import Struct

from kalends.availability.slots import explain
from kalends.runtime import unit_of_work
from kalends.runtime.unit_of_work import Caller, Context, UnitOfWork
from kalends.scheduling.availability import load_availability
from kalends.scheduling.explaining import Reason, reasons_of
from kalends.scheduling.slot_queries import SlotPurpose, query_for
from kalends.scheduling.slots import ListedSlots, SlotRange, find_slots, load_slots


class ExplainedSlot(Struct, frozen=True):
    """Whether a start is offered, and every rule that refuses it."""

    is_offered: bool
    reasons: Sequence[Reason]


async def list_slots(
    context: Context, caller: Caller, purpose: SlotPurpose, slot_range: SlotRange
) -> ListedSlots:
    """The slots that start in the range, ascending. The connection is given back before they are
    searched. Raises NotFound, Inactive, Invalid."""
    loaded = await unit_of_work.read(context, caller, load_slots, purpose, slot_range)
    return await find_slots(loaded)


async def explain_slot(
    work: UnitOfWork, purpose: SlotPurpose, starts_at: datetime
) -> ExplainedSlot:
    """Every rule that refuses the start, of the schedules that would help. Raises NotFound,
    Invalid."""
    query = await query_for(work, purpose)
    loaded = await load_availability(
        work, query, (starts_at, starts_at + query.duration), with_ids=True
    )
    loaded.check_schedules()
    decision = explain(loaded.inputs, int(starts_at.timestamp()))
    return ExplainedSlot(decision.slot is not None, reasons_of(decision, loaded))
