"""Microsoft 365 and Outlook.com (Graph v1.0), over OAuth: consent, calendars, events."""
