"""Units for tables of durations that mix seconds, minutes and hours."""

from datetime import timedelta
from typing import Final

SECOND: Final = timedelta(seconds=1)
MINUTE: Final = timedelta(minutes=1)
HOUR: Final = timedelta(hours=1)
