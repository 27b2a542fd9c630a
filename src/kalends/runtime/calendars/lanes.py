"""Leasing and recording lanes of calendars elsewhere, for the dispatcher."""

from datetime import timedelta
from typing import Final

from kalends.runtime.lanes import leasing, recording
from kalends.store.outbox import calendar_lanes

# Other workers take over the lanes of a killed one after this time; a longer try renews its lease.
CALENDAR_LEASE: Final = timedelta(seconds=24)

lease_due_calendars: Final = leasing(calendar_lanes.lease_due_calendars, CALENDAR_LEASE)
record_calendars: Final = recording(calendar_lanes.record_calendars)
