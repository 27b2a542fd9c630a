"""Imports from a source of bookings: its connection, runs, rows, webhooks and setup."""
