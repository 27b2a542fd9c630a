"""Searches slots in pieces, so that other tasks run in between, and caches short answers."""

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

# Cached answers take 0.4 MB each at most, with their text.
ANSWERS_KEPT: Final = 128
ANSWER_STEPS_KEPT: Final = 1500
KEPT_TIMES: Final = 1500

# A year of half hours, and more.
MOST_SLOTS: Final = 20_000
# Steps of the grid that are searched, and then written, before other tasks run: some 10 ms each.
# Fewer where there are more than 60 calendars.
STEPS_A_PIECE: Final = 500
CALENDAR_STEPS_A_PIECE: Final = 30_000


async def search_slots(inputs: SlotInputs, span: Interval) -> list[Slots]:
    """The slots of the range in pieces; other tasks run between them. Raises Invalid for more than
    20,000.

    Short answers are cached. The key is all that they depend on, as just read from the database, so
    a cached answer cannot be out of date. Slots that depend on the current second, and large
    answers, are not cached.
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
    """The range in parts of a bounded amount of work; together they have the slots of the range
    (docs/slots.md, "Ranges add up"). A short range, as most requests have, is one part."""
    step = inputs.terms.step or span.seconds or 1
    most = max(1, CALENDAR_STEPS_A_PIECE // max(1, len(inputs.calendars)))
    if span.seconds <= min(ANSWER_STEPS_KEPT, most) * step:
        return [span]
    length = min(STEPS_A_PIECE, most) * step
    bounds = [*range(span.start, span.end, length), span.end]
    return [Interval(start, end) for start, end in pairwise(bounds)]


def may_be_kept(inputs: SlotInputs, span: Interval) -> bool:
    """Whether the answer for the range is small enough to be cached."""
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
