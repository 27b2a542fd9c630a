"""The inputs of the engine: terms, calendars, requirements, group sessions.

Instants are epoch seconds (UTC), durations are seconds of elapsed time.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from kalends.availability.hours import Hours
from kalends.availability.interval import Interval
from kalends.availability.matching import ScheduleId, SlotRequirement
from kalends.availability.wallclock import Zone


@dataclass(frozen=True, slots=True)
class SlotTerms:
    """What is to be booked. All times are in seconds of elapsed time.

    With a `step` of None any start will do (a booking directly on a schedule). A `notice` of None
    allows bookings in the past, though no slot lies there; 0 does not.
    """

    duration: int
    step: int | None = None
    buffer_before: int = 0
    buffer_after: int = 0
    notice: int | None = None
    max_days_ahead: int | None = None
    max_per_day: int | None = None


@dataclass(frozen=True, slots=True)
class Calendar:
    """One schedule: its rules, and what is in its calendar.

    `busy` has `(start, end)` of time that cannot be booked, `occupied` of bookings and live holds
    with their buffers, without the group sessions in `SlotInputs.sessions`; both may overlap and
    come in any order. `booked` has the starts of its live claims, each once however many seats it
    has, for all days that the range touches; also without a limit, since the schedule with fewer
    that day is chosen first. From `known_until` on, busy time in calendars elsewhere that it reads
    is unknown.
    """

    schedule_id: ScheduleId
    zone: Zone
    hours: Hours
    busy: Sequence[tuple[int, int]] = ()
    occupied: Sequence[tuple[int, int]] = ()
    booked: Sequence[int] = ()
    notice: int | None = None
    max_per_day: int | None = None
    known_until: int | None = None


class Session(NamedTuple):
    """A group session of the event type: one start on one set of schedules.

    `occupied` is the time that it takes, with buffers; held seats count as taken.
    """

    start: int
    occupied: Interval
    schedule_ids: tuple[ScheduleId, ...]
    seats_taken: int


@dataclass(frozen=True, slots=True)
class SlotInputs:
    """Everything that slots depend on.

    `calendars` has the schedules that may be taken; a schedule that a requirement names and that is
    not among them cannot serve. `zone` is where the event type's days are counted. `booked` has the
    starts of the event type's own live claims, each once, for `terms.max_per_day`. `required_id`
    has to be among the schedules taken; `preferred_ids` are taken before others. The caller leaves
    a booking that moves out of all of this.
    """

    terms: SlotTerms
    calendars: Sequence[Calendar]
    requirements: Sequence[SlotRequirement]
    zone: Zone
    now: int
    booked: Sequence[int] = ()
    capacity: int = 1
    sessions: Sequence[Session] = ()
    required_id: ScheduleId | None = None
    preferred_ids: Sequence[ScheduleId] = ()

    @property
    def eligible(self) -> list[Calendar]:
        """The calendars that a requirement names, each once, in the order of the requirements."""
        by_id = {calendar.schedule_id: calendar for calendar in self.calendars}
        named = dict.fromkeys(id_ for needed in self.requirements for id_ in needed.schedule_ids)
        return [by_id[id_] for id_ in named if id_ in by_id]

    def sessions_at(self, start: int) -> list[Session]:
        return [session for session in self.sessions if session.start == start]
