"""Google Calendar (API v3) with OAuth: consent, calendars, events, channels, calls."""
