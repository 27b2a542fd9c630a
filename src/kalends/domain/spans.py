"""Spans of time as instants in UTC, half-open, in signatures of what is stored."""

from datetime import datetime

Span = tuple[datetime, datetime]

OpenSpan = tuple[datetime | None, datetime | None]
"""None is an open end."""
