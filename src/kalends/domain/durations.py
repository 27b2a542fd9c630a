"""Units that durations are written in, where seconds and hours stand side by side."""

from datetime import timedelta
from typing import Final

SECOND: Final = timedelta(seconds=1)
MINUTE: Final = timedelta(minutes=1)
HOUR: Final = timedelta(hours=1)
