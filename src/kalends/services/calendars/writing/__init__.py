"""Writing bookings into calendars elsewhere, and recording the outcomes."""
