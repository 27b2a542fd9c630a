"""The rules that refuse a start, each expressed as time that it must keep clear of.

Every rule, be it closed hours, a meeting or too short a notice, has one form: it refuses a start
`s` if `[s - before, s + after)` meets one of some intervals. Listing slots, deciding about bookings
and explaining refusals all use the same intervals, so they agree.
"""

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from datetime import timedelta
from enum import StrEnum
from typing import Final, NamedTuple

from kalends.availability.candidates import Candidates
from kalends.availability.hours import Hours, open_intervals
from kalends.availability.interval import ALWAYS_AFTER, ALWAYS_BEFORE, DAY_SECONDS, Interval, gaps
from kalends.availability.slot_inputs import Calendar, Session, SlotInputs
from kalends.availability.wallclock import Zone, days, local_day


class Code(StrEnum):
    """The codes of the rules, in the order in which the API names them."""

    TOO_SHORT_NOTICE = "TOO_SHORT_NOTICE"
    TOO_FAR_AHEAD = "TOO_FAR_AHEAD"
    OUTSIDE_AVAILABILITY = "OUTSIDE_AVAILABILITY"
    NOT_A_SLOT = "NOT_A_SLOT"
    BUSY = "BUSY"
    CALENDAR_UNKNOWN = "CALENDAR_UNKNOWN"
    LIMIT_REACHED = "LIMIT_REACHED"
    SLOT_TAKEN = "SLOT_TAKEN"


# More days than lie between the first and the last year allowed, and few enough for any date.
FARTHEST_DAYS: Final = 150_000

ORDER: Final = {code: place for place, code in enumerate(Code)}


class Rule(NamedTuple):
    """Refuses a start `s` if `[s - before, s + after)` meets one of the `forbidden` intervals."""

    code: Code
    forbidden: Sequence[tuple[int, int]]
    before: int
    after: int

    def exclude(self, candidates: Candidates, flags: bytearray) -> None:
        """Clears the flags of the starts that the rule refuses."""
        if self.forbidden:
            candidates.exclude(self.forbidden, self.before, self.after, flags)

    def obstacles(self, start: int) -> Iterator[tuple[int, Interval]]:
        """Yields position and time of each interval that is in the way of a start."""
        head, tail = start - self.before, start + self.after
        for position, (begins, ends) in enumerate(self.forbidden):
            if begins < tail and head < ends and begins < ends:
                yield position, Interval(begins, ends)


def rules_of_event_type(inputs: SlotInputs, span: Interval) -> list[Rule]:
    """The rules of the event type itself, for starts within `span`."""
    return [*rules_of_joining(inputs), rule_of_opening(inputs, span)]


def rules_of_joining(inputs: SlotInputs) -> list[Rule]:
    """The rules of the event type that also apply to joining a session: all but the limit, since
    the session is counted already."""
    return [_notice(inputs.terms.notice, inputs.now), _horizon(inputs)]


def rule_of_opening(inputs: SlotInputs, span: Interval) -> Rule:
    """The event type's limit, for starts within `span`."""
    return _limit(inputs.booked, inputs.terms.max_per_day, inputs.zone, span)


def rules_of_calendar(
    calendar: Calendar, inputs: SlotInputs, span: Interval, joined: Session | None = None
) -> list[Rule]:
    """The rules of one schedule, except its hours, for starts within `span`.

    `joined` is the group session that the start would be a seat in: it is not in its own way.
    """
    terms = inputs.terms
    before, after = terms.buffer_before, terms.duration + terms.buffer_after
    sessions = [
        session.occupied
        for session in inputs.sessions
        if session is not joined and calendar.schedule_id in session.schedule_ids
    ]
    taken = [*calendar.occupied, *sessions] if sessions else calendar.occupied
    return [
        _notice(calendar.notice, inputs.now),
        Rule(Code.BUSY, calendar.busy, before, after),
        _unknown(calendar.known_until, before, after),
        _limit(calendar.booked, calendar.max_per_day, calendar.zone, span),
        Rule(Code.SLOT_TAKEN, taken, before, after),
    ]


def closed(hours: Hours, zone: Zone, duration: int, span: Interval) -> Rule:
    """The rule of the closed hours, for starts within `span`. Buffers may lie outside of the
    hours."""
    around = span.widened(0, duration)
    shut = list(gaps(open_intervals(hours, zone, around), around))
    return Rule(Code.OUTSIDE_AVAILABILITY, shut, 0, duration)


def _notice(notice: int | None, now: int) -> Rule:
    too_soon = [] if notice is None else [(ALWAYS_BEFORE, now + notice)]
    return Rule(Code.TOO_SHORT_NOTICE, too_soon, 0, 1)


def _unknown(known_until: int | None, before: int, after: int) -> Rule:
    """Refuses time for which the calendars that the schedule reads are not known."""
    unknown = [] if known_until is None else [(known_until, ALWAYS_AFTER)]
    return Rule(Code.CALENDAR_UNKNOWN, unknown, before, after)


def _horizon(inputs: SlotInputs) -> Rule:
    """Refuses starts whose local date is more than `max_days_ahead` after today's."""
    too_far: list[tuple[int, int]] = []
    if inputs.terms.max_days_ahead is not None:
        today = local_day(inputs.now, inputs.zone)
        beyond = today + timedelta(days=min(inputs.terms.max_days_ahead, FARTHEST_DAYS) + 1)
        # A date may be left and entered again, or not exist, which takes at most a day.
        near = days(beyond, beyond + timedelta(days=2), inputs.zone)
        too_far = [*near, (near[-1].end, ALWAYS_AFTER)]
    return Rule(Code.TOO_FAR_AHEAD, too_far, 0, 1)


def _limit(booked: Sequence[int], most: int | None, zone: Zone, span: Interval) -> Rule:
    """Refuses starts on local days that have `most` bookings already."""
    full: list[tuple[int, int]] = []
    if most is not None:
        counts = count_by_day(booked, zone)
        full = [(start, end) for day, start, end in zone.days_in(span) if counts[day] >= most]
    return Rule(Code.LIMIT_REACHED, full, 0, 1)


def count_by_day(instants: Iterable[int], zone: Zone) -> Counter[int]:
    """How many instants lie on each local date, which is counted from 1970-01-01."""
    ordered = sorted(instants)
    counts: Counter[int] = Counter()
    if ordered:
        for start, end, offset in zone.stretches(Interval(ordered[0], ordered[-1] + 1)):
            part = ordered[bisect_left(ordered, start) : bisect_left(ordered, end)]
            counts.update((instant + offset) // DAY_SECONDS for instant in part)
    return counts
