"""Events of calendars elsewhere, from shapes to busy time."""
