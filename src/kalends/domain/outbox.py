"""What goes out by any channel: a try, and when the next one is due."""

import random
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

from msgspec import Struct

DROPPED: Final = "dropped"
"""The state of a delivery that came too late to be sent; the others are `webhook.State`."""

JITTER: Final = 0.1
LONGEST_RETRY_AFTER: Final = timedelta(hours=24)


class DeliveryAttempt(Struct, frozen=True, kw_only=True):
    """One try to deliver. `status` is None where nothing came back (and of mail), `response` the
    first kilobyte of what did; `error` says why it does not count as taken."""

    at: datetime
    status: int | None
    duration_ms: int
    error: str | None
    response: str | None

    @property
    def is_taken(self) -> bool:
        return self.error is None


def next_try(
    timetable: Sequence[timedelta], tries: int, scale: float, requested: timedelta | None = None
) -> timedelta | None:
    """How long to wait after that many tries failed; None where it is given up.

    The timetable is scaled, and jittered so that what failed together does not come back
    together. What the receiver asks for (`Retry-After`, RFC 9110 10.2.3) is neither, but is
    not believed beyond a day.
    """
    if tries > len(timetable):
        return None
    planned = timetable[tries - 1] * scale * random.uniform(1 - JITTER, 1 + JITTER)
    return max(planned, min(requested or timedelta(0), LONGEST_RETRY_AFTER))
