"""Writing bookings into calendars elsewhere, and what became of it."""
