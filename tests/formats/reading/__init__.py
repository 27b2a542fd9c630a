"""Calendars of others: reading them, and what comes of it."""
