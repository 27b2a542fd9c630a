"""`/api/v1/calendar-…`: accounts elsewhere, their calendars, and what was found in them."""
