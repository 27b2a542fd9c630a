"""Calendars elsewhere: connections, the schedules that use them, and what is read of them."""
