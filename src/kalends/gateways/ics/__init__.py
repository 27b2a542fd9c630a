"""Calendars that are published as a file at an address."""
