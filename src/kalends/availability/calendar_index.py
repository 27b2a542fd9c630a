"""An offering cut to a part of its range, so that each part costs no more than its own times."""

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import accumulate

from kalends.availability.interval import Interval
from kalends.availability.slot_inputs import Calendar, SlotInputs


class Ordered:
    """Times by their start, of which those that meet a span are found at once."""

    def __init__(self, times: Sequence[tuple[int, int]]) -> None:
        self._times = sorted(times)
        self._latest_ends = list(accumulate((end for _, end in self._times), max))

    def meeting(self, start: int, end: int) -> list[tuple[int, int]]:
        """Those that meet `[start, end)`, and perhaps some more that end before it."""
        first = bisect_right(self._latest_ends, start)
        return self._times[first : bisect_left(self._times, (end,))]


class Cut:
    """The calendars of an offering with their times in order. A calendar is taken up when it is
    asked for, since that takes a while where it has many times."""

    def __init__(self, offering: SlotInputs) -> None:
        self._offering = offering
        self._calendars: list[tuple[Calendar, Ordered, Ordered]] = []

    def prepare(self) -> Iterator[int]:
        """Takes up one calendar after another; yields how many times it has."""
        for calendar in self._offering.calendars:
            busy, occupied = Ordered(calendar.busy), Ordered(calendar.occupied)
            self._calendars.append((calendar, busy, occupied))
            yield len(calendar.busy) + len(calendar.occupied)

    def to(self, span: Interval) -> SlotInputs:
        """The offering with what can be in the way of starts within `span`."""
        terms = self._offering.terms
        start = span.start - terms.buffer_before
        end = span.end + terms.duration + terms.buffer_after
        calendars = tuple(
            replace(calendar, busy=busy.meeting(start, end), occupied=occupied.meeting(start, end))
            for calendar, busy, occupied in self._calendars
        )
        return replace(self._offering, calendars=calendars)
