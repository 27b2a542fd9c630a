"""What is known of calendars elsewhere: the shapes of events, and which of them are ours."""
