"""`/api/v1/calendar-…`: connected accounts, their calendars, and findings in them."""
