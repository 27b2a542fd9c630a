"""An index of calendars by time, so that each part of a range costs no more than its own times."""

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import accumulate

from kalends.availability.interval import Interval
from kalends.availability.slot_inputs import Calendar, SlotInputs


class SortedTimes:
    """Times sorted by start, in which those that meet a span are found by bisection."""

    def __init__(self, times: Sequence[tuple[int, int]]) -> None:
        self._times = sorted(times)
        self._latest_ends = list(accumulate((end for _, end in self._times), max))

    def overlapping(self, start: int, end: int) -> list[tuple[int, int]]:
        """The times that meet `[start, end)`, and perhaps some more that end before it."""
        first = bisect_right(self._latest_ends, start)
        return self._times[first : bisect_left(self._times, (end,))]


class CalendarIndex:
    """The calendars of the inputs, each with its times sorted."""

    def __init__(self, inputs: SlotInputs) -> None:
        self._inputs = inputs
        self._calendars: list[tuple[Calendar, SortedTimes, SortedTimes]] = []

    def prepare(self) -> Iterator[int]:
        """Indexes one calendar after the other, and yields the number of its times, since many take
        a while."""
        for calendar in self._inputs.calendars:
            busy, occupied = SortedTimes(calendar.busy), SortedTimes(calendar.occupied)
            self._calendars.append((calendar, busy, occupied))
            yield len(calendar.busy) + len(calendar.occupied)

    def within(self, span: Interval) -> SlotInputs:
        """The inputs, reduced to the times that can be in the way of starts within `span`."""
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
