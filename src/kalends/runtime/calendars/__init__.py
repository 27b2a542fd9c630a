"""Events that are to be written into calendars elsewhere, as deliveries."""
