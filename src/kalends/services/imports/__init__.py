"""Imports from a source of bookings: its connection, its runs, its rows, its setup."""
