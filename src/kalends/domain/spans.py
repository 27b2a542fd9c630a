"""Types for half-open spans of instants in UTC, for signatures of `store`."""

from datetime import datetime

Span = tuple[datetime, datetime]

OpenSpan = tuple[datetime | None, datetime | None]
"""A span in which None is an open end."""
