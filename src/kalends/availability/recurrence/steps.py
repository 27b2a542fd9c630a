"""What the expansion of a calendar may cost, in steps.

A step is one thing looked at: a time that a rule gives, or a period of it that has none; a date
that is added or left out. What costs more to look at counts as several. Occurrences are no measure:
a rule that never matches has none.
"""

from dataclasses import dataclass
from typing import Final

MOST_OF_AN_EVENT: Final = 20_000
MOST_IN_ALL: Final = 120_000


class OutOfSteps(Exception):
    """The event, or the calendar, has cost as much as it may."""


@dataclass(slots=True)
class Steps:
    """What is left: of the event, and of all events together."""

    of_event: int = MOST_OF_AN_EVENT
    in_all: int = MOST_IN_ALL

    @property
    def are_out(self) -> bool:
        """Whether nothing is left for any event."""
        return self.in_all <= 0

    def begin_event(self) -> None:
        """What the last one took is off; the next one begins anew."""
        self.of_event = min(MOST_OF_AN_EVENT, self.in_all)

    def take(self, count: int) -> None:
        """Raises OutOfSteps where fewer are left; then none are left of the event."""
        if count > self.of_event:
            self.in_all -= self.of_event
            self.of_event = 0
            raise OutOfSteps
        self.of_event -= count
        self.in_all -= count
