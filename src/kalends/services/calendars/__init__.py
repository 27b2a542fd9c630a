"""Calendars elsewhere: connections, the schedules that use them, reading and writing them."""
