"""Bookings and what is kept beside them: links, holds, reminders, feeds, figures."""
