"""The budget for expanding a calendar, in steps.

A step is one item examined: a time that a rule gives, a period without one, a date that is added or
excluded. Costlier items count as several. Occurrences are no measure, since a rule that never
matches has none.
"""

from dataclasses import dataclass
from typing import Final

MOST_OF_AN_EVENT: Final = 20_000
MOST_IN_ALL: Final = 120_000


class OutOfSteps(Exception):
    """The event, or the calendar, has used up its steps."""


@dataclass(slots=True)
class Steps:
    """The steps that are left, for the current event and for all events together."""

    of_event: int = MOST_OF_AN_EVENT
    in_all: int = MOST_IN_ALL

    @property
    def are_out(self) -> bool:
        """Whether no steps are left for any event."""
        return self.in_all <= 0

    def begin_event(self) -> None:
        """Deducts what the last event used, and starts the budget of the next."""
        self.of_event = min(MOST_OF_AN_EVENT, self.in_all)

    def take(self, count: int) -> None:
        """Uses steps. Raises OutOfSteps if fewer are left; then the event has none left."""
        if count > self.of_event:
            self.in_all -= self.of_event
            self.of_event = 0
            raise OutOfSteps
        self.of_event -= count
        self.in_all -= count
