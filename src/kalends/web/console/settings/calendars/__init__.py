"""Calendars elsewhere: accounts, connections, and the consent to each."""
