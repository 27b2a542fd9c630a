"""Limits on how much of a calendar is read."""

from typing import Final

MOST_BYTES: Final = 10 * 1024 * 1024
# Past events are not counted, if the caller gives a date from which on it reads.
MOST_EVENTS: Final = 10_000
MOST_EVENTS_IN_ALL: Final = 30_000
# The BEGIN and END lines of a hundred thousand components, alarms included.
MOST_EDGES: Final = 200_000
MOST_LINE_BYTES: Final = 1024 * 1024
MOST_DEPTH: Final = 4
# EXDATEs, RDATEs, and changed occurrences: so many of each, of one event.
MOST_DATES: Final = 1_000
# The same for a whole calendar.
MOST_DATES_IN_ALL: Final = 100_000
MOST_RULES: Final = 10
# The most properties of an event that are read.
MOST_LINES: Final = 3_000
MOST_ZONES: Final = 50
MOST_OBSERVANCES: Final = 50
# A hundred years; a longer event is a mistake.
MOST_DAYS_LONG: Final = 36_525
