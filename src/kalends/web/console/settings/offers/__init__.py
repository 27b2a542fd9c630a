"""Settings of what can be booked, and when: event types, schedules, their hours and feeds."""
