"""The errors of reading: of a whole file, and of single events."""

from enum import StrEnum


class Unreadable(StrEnum):
    """Why a file is not read at all."""

    NOT_A_CALENDAR = "not_a_calendar"
    CUT_OFF = "cut_off"
    TOO_BIG = "too_big"
    TOO_MANY_EVENTS = "too_many_events"
    TOO_DEEP = "too_deep"


class UnreadableCalendar(ValueError):
    """The file cannot be read, so what was known of its calendar does not change."""

    def __init__(self, reason: Unreadable) -> None:
        super().__init__(reason.value)
        self.reason = reason


class ReadingProblem(StrEnum):
    """What of an event could not be read, and what is done instead. In doubt it takes time."""

    EVENT = "event"  # its start, so that it takes no time
    LENGTH = "length"  # it takes a day; if its end is before its start, the two are swapped
    ZONE = "zone"  # it is read in the zone of the calendar
    RULE = "rule"  # only its first occurrence is known
    DATES = "dates"  # a date that is added or excluded is ignored
    TOO_MANY = "too_many"  # dates, rules or changed occurrences beyond the limits are ignored
