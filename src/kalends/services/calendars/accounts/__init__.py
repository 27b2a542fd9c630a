"""Accounts with calendars: connecting, signing in, renewing and leaving them."""
