"""Slots are searched in pieces, and kept while nothing changes in the calendars."""

import asyncio
from functools import lru_cache
from itertools import pairwise
from typing import Final

from kalends.availability.calendar_index import CalendarIndex
from kalends.availability.interval import Interval
from kalends.availability.slot_inputs import SlotInputs
from kalends.availability.slots import Slots, slots, without_now
from kalends.domain.errors import Invalid
from kalends.runtime.cooperative import cooperatively

# What is kept of an answer, with its text: 0.4 MB at most.
ANSWERS_KEPT: Final = 128
ANSWER_STEPS_KEPT: Final = 1500
KEPT_TIMES: Final = 1500

# A year of half hours, and more.
MOST_SLOTS: Final = 20_000
# What is worked out, and then written, at one go before others get their turn, some 10 ms each:
# that many steps, and fewer where there are more than 60 calendars.
STEPS_A_PIECE: Final = 500
CALENDAR_STEPS_A_PIECE: Final = 30_000


async def search_slots(inputs: SlotInputs, span: Interval) -> list[Slots]:
    """The slots of the range in pieces, between which others get their turn; found once while
    nothing changes in the calendars. Raises Invalid for more than 20,000.

    The key is all that they depend on, as just read from the database, so what is kept cannot be
    out of date. What depends on the second at which it is asked, or is large, is not kept.
    """
    is_kept, parts = may_be_kept(inputs, span), pieces_of(inputs, span)
    index = await _index(inputs) if _has_many_times(inputs) and len(parts) > 1 else None
    pieces: list[Slots] = []
    for part in parts:
        timeless = without_now(inputs, part) if is_kept else None
        of_part = index.within(part) if index else inputs
        pieces.append(_slots_kept(timeless, part) if timeless else slots(of_part, part))
        if sum(map(len, pieces)) > MOST_SLOTS:
            raise Invalid.field(
                "end",
                f"more than {MOST_SLOTS:,} slots start in this range, which is the most that one "
                "answer holds. Ask for a shorter range",
            )
        await asyncio.sleep(0)
    return pieces


def pieces_of(inputs: SlotInputs, span: Interval) -> list[Interval]:
    """The range in parts of a bounded amount of work; the slots of the parts are those of the
    range (docs/slots.md, "Ranges add up"). What is asked for every day is one part."""
    step = inputs.terms.step or span.seconds or 1
    most = max(1, CALENDAR_STEPS_A_PIECE // max(1, len(inputs.calendars)))
    if span.seconds <= min(ANSWER_STEPS_KEPT, most) * step:
        return [span]
    length = min(STEPS_A_PIECE, most) * step
    bounds = [*range(span.start, span.end, length), span.end]
    return [Interval(start, end) for start, end in pairwise(bounds)]


def may_be_kept(inputs: SlotInputs, span: Interval) -> bool:
    """Whether an answer of the range is small enough."""
    step = inputs.terms.step
    is_short = bool(step) and span.seconds <= ANSWER_STEPS_KEPT * (step or 1)
    return is_short and not _has_many_times(inputs)


def _has_many_times(inputs: SlotInputs) -> bool:
    return sum(len(c.busy) + len(c.occupied) for c in inputs.calendars) > KEPT_TIMES


async def _index(inputs: SlotInputs) -> CalendarIndex:
    index = CalendarIndex(inputs)
    async for _ in cooperatively(index.prepare()):
        pass
    return index


@lru_cache(ANSWERS_KEPT)
def _slots_kept(inputs: SlotInputs, span: Interval) -> Slots:
    return slots(inputs, span)
