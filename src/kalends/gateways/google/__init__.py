"""Google Calendar (API v3), over OAuth: consent, calendars, events."""
