"""Tables of what can be booked and what is taken: schedules, event types, busy times, claims."""
