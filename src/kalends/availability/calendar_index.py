"""Calendars by time, so that each part of a range costs no more than its own times."""

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import accumulate

from kalends.availability.interval import Interval
from kalends.availability.slot_inputs import Calendar, SlotInputs


class SortedTimes:
    """Times by their start, of which those that meet a span are found at once."""

    def __init__(self, times: Sequence[tuple[int, int]]) -> None:
        self._times = sorted(times)
        self._latest_ends = list(accumulate((end for _, end in self._times), max))

    def overlapping(self, start: int, end: int) -> list[tuple[int, int]]:
        """Those that meet `[start, end)`, and perhaps some more that end before it."""
        first = bisect_right(self._latest_ends, start)
        return self._times[first : bisect_left(self._times, (end,))]


class CalendarIndex:
    """The calendars of the inputs with their times in order."""

    def __init__(self, inputs: SlotInputs) -> None:
        self._inputs = inputs
        self._calendars: list[tuple[Calendar, SortedTimes, SortedTimes]] = []

    def prepare(self) -> Iterator[int]:
        """Adds one calendar after another, and yields how many times it has: many take a while."""
        for calendar in self._inputs.calendars:
            busy, occupied = SortedTimes(calendar.busy), SortedTimes(calendar.occupied)
            self._calendars.append((calendar, busy, occupied))
            yield len(calendar.busy) + len(calendar.occupied)

    def within(self, span: Interval) -> SlotInputs:
        """The inputs with what can be in the way of starts within `span`."""
        terms = self._inputs.terms
        start = span.start - terms.buffer_before
        end = span.end + terms.duration + terms.buffer_after
        calendars = tuple(
            replace(
                calendar,
                busy=busy.overlapping(start, end),
                occupied=occupied.overlapping(start, end),
            )
            for calendar, busy, occupied in self._calendars
        )
        return replace(self._inputs, calendars=calendars)
