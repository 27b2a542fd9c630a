"""Loaded by schemathesis: instants as they are booked, so that more than the door is reached.

Its own are of the years 1 to 9999 and have fractions of a second: nearly all of them 422.
"""

from datetime import UTC, datetime, timedelta

import schemathesis
from hypothesis import strategies

_TODAY = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)


def _instant_text(half_hours: int) -> str:
    return (_TODAY + timedelta(minutes=30 * half_hours)).strftime("%Y-%m-%dT%H:%M:%SZ")


schemathesis.openapi.format("date-time", strategies.integers(0, 48 * 30).map(_instant_text))
