"""Calendars that are published as an iCalendar file at a URL."""
