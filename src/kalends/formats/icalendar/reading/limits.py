"""How much of a calendar is read."""

from typing import Final

MOST_BYTES: Final = 10 * 1024 * 1024
# Those that are over are passed over, where somebody says since when.
MOST_EVENTS: Final = 10_000
MOST_EVENTS_IN_ALL: Final = 30_000
# Begins and ends of components: a hundred thousand, alarms among them.
MOST_EDGES: Final = 200_000
MOST_LINE_BYTES: Final = 1024 * 1024
MOST_DEPTH: Final = 4
# EXDATE, RDATE, and changed occurrences, each of one event.
MOST_DATES: Final = 1_000
# The same of a whole calendar.
MOST_DATES_IN_ALL: Final = 100_000
MOST_RULES: Final = 10
# Properties of an event that are read, and no more of them.
MOST_LINES: Final = 3_000
MOST_ZONES: Final = 50
MOST_OBSERVANCES: Final = 50
# A hundred years: longer is a mistake.
MOST_DAYS_LONG: Final = 36_525
