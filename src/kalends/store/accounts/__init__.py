"""Who works here: organizations, users, their sign-ins and links, and API keys."""
