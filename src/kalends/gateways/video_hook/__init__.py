"""Video hooks: URLs of organizations that make their own links to calls."""
