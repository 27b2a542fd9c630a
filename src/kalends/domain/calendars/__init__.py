"""Calendars elsewhere: accounts, what they contain, and how schedules use it."""
