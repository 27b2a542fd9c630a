"""iCalendar (RFC 5545): invitations, feeds and the time zones that they name."""
