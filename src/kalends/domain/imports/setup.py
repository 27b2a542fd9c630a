"""The setup of an account: schedules and event types of a source, in our terms.

`left_out` names what has no counterpart here, in words for people.
"""

from msgspec import Struct

from kalends.domain.event_type import EventTypeTerms
from kalends.domain.schedule import WindowText


class SourceSchedule(Struct, frozen=True, kw_only=True):
    """A schedule of a source; `number` is its id there."""

    number: int
    name: str
    timezone: str
    availability: dict[str, list[WindowText]]
    overrides: dict[str, list[WindowText]]
    is_default: bool
    left_out: list[str]


class SourceEventType(EventTypeTerms, frozen=True, kw_only=True):
    """An event type of a source. `number` is its id there, `schedule_number` that of its schedule,
    None for the default one. `slug` is None if it is not valid here."""

    number: int
    schedule_number: int | None
    slug: str | None
    left_out: list[str]


class UnusableSetup(Struct, frozen=True):
    """Why something cannot become a schedule or an event type, with its name."""

    reason: str
