"""Imports, pure: what a source of bookings returns, and which side wins if both have changed it."""
