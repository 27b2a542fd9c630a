"""Reading calendars elsewhere: what has changed in them, and when they are busy."""
