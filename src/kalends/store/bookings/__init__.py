"""Tables of bookings and of what belongs to them: links, holds, reminders, absences, feeds; and
statistics."""
