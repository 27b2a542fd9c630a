"""Kalends: the bookings API that a business runs itself."""

__version__ = "0.1.0"
