"""The pages for attendees: what an organization offers, free times, booking form, self-service."""
