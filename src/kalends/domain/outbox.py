"""Deliveries by any channel: the record of an attempt, and the time of the next try."""

import random
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

from msgspec import Struct

DROPPED: Final = "dropped"
"""The state of a delivery that was too late to be sent, beside those of `webhook.State`."""

JITTER: Final = 0.1
LONGEST_RETRY_AFTER: Final = timedelta(hours=24)


class DeliveryAttempt(Struct, frozen=True, kw_only=True):
    """One attempt to deliver. `status` is None for mail and without a response; `response` is the
    first kilobyte of the body; `error` says why the attempt failed."""

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
    """How long to wait after that many failed tries; None if the timetable is exhausted.

    The timetable is scaled, and jittered so that deliveries that failed together do not come back
    together. What the receiver `requested` (`Retry-After`, RFC 9110 10.2.3) is taken as it is, up
    to a day.
    """
    if tries > len(timetable):
        return None
    planned = timetable[tries - 1] * scale * random.uniform(1 - JITTER, 1 + JITTER)
    return max(planned, min(requested or timedelta(0), LONGEST_RETRY_AFTER))
