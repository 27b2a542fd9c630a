"""What cannot be read: of a whole file, and of an event."""

from enum import StrEnum


class Unreadable(StrEnum):
    """Why nothing of a file is read."""

    NOT_A_CALENDAR = "not_a_calendar"
    CUT_OFF = "cut_off"
    TOO_BIG = "too_big"
    TOO_MANY_EVENTS = "too_many_events"
    TOO_DEEP = "too_deep"


class UnreadableCalendar(ValueError):
    """The file is none that is read; what was known of its calendar stays true."""

    def __init__(self, reason: Unreadable) -> None:
        super().__init__(reason.value)
        self.reason = reason


class ReadingProblem(StrEnum):
    """What of an event could not be read, and what is done instead: in doubt, time is taken."""

    EVENT = "event"  # its start: there is nothing to block
    LENGTH = "length"  # it takes a day; end before start: the two are exchanged
    ZONE = "zone"  # it is in the zone of the calendar
    RULE = "rule"  # only its first occurrence is known
    DATES = "dates"  # a date that is added or left out is passed over
    TOO_MANY = "too_many"  # dates, rules or changed occurrences beyond the limits are passed over
