"""Imports, pure: what a source of bookings gives, and who wins where both sides changed it."""
