"""The settings of calendars elsewhere: accounts, connections, and consents."""
