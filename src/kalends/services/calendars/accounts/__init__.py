"""Accounts with calendars: connected, signed in to, renewed, and left."""
