"""Connections to calendars elsewhere, their calendars, events and busy time, as rows."""
