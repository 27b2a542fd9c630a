"""Calendars elsewhere: accounts, what they hold, and which schedules use it."""
