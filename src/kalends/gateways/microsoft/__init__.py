"""Microsoft 365 and Outlook.com (Graph v1.0) with OAuth: consent, calendars, events, calls."""
