"""Leasing what waits for calendars elsewhere, and recording what became of it."""

from datetime import timedelta
from typing import Final

from kalends.runtime.lanes import leasing, recording
from kalends.store.outbox import calendar_lanes

# What a process that was killed had under way goes on after it.
CALENDAR_LEASE: Final = timedelta(seconds=24)

lease_due_calendars: Final = leasing(calendar_lanes.lease_due_calendars, CALENDAR_LEASE)
record_calendars: Final = recording(calendar_lanes.record_calendars)
