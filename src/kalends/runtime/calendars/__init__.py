"""Writing bookings into calendars elsewhere, by deliveries in lanes."""
