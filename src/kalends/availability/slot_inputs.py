"""What slots depend on: terms, calendars, requirements, group sessions.

Instants are epoch seconds (UTC), durations seconds of elapsed time.
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
    """What is booked, and how. All times in seconds of elapsed time.

    `step` None: any start will do (a booking directly on a schedule). `notice` None allows the
    past to a booking, though no slot lies there; 0 does not.
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
    """One schedule: its rules and what is in it. In any order, and they may overlap:

    `busy` are `(start, end)` of time that cannot be booked; `occupied` of what bookings and live
    holds take, their buffers included, but for the group sessions in `SlotInputs.sessions`;
    `booked` are the starts of its live claims, each once however many seats it has, for as many
    days as the range has (also where there is no limit: who has less that day is chosen first);
    from `known_until` on nobody knows what is busy in calendars elsewhere that it reads.
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

    `occupied` is the time it takes, buffers included; held seats are taken seats.
    """

    start: int
    occupied: Interval
    schedule_ids: tuple[ScheduleId, ...]
    seats_taken: int


@dataclass(frozen=True, slots=True)
class SlotInputs:
    """Everything that slots depend on.

    `calendars` are those of the schedules that may be taken: one that a requirement names and that
    is not here serves nothing. `zone` is where the event type's days are counted.
    `booked` are the starts of the event type's own live claims, each once, for `terms.max_per_day`.
    `required_id` has to be among the schedules taken, `preferred_ids` are taken before others. The
    caller leaves a booking that moves out of all of this.
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
        """The calendars that a requirement names, in the order of requirements, each once."""
        by_id = {calendar.schedule_id: calendar for calendar in self.calendars}
        named = dict.fromkeys(id_ for needed in self.requirements for id_ in needed.schedule_ids)
        return [by_id[id_] for id_ in named if id_ in by_id]

    def sessions_at(self, start: int) -> list[Session]:
        return [session for session in self.sessions if session.start == start]
