"""What attendees see: what an organization offers, its free times, the form, their bookings."""
