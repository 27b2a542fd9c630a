"""Tables of organizations, users and their roles, sign-in sessions, account links and API keys."""
