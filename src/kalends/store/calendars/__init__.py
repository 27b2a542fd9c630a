"""Tables of calendars elsewhere: connections, calendars, their events and busy time, links."""
