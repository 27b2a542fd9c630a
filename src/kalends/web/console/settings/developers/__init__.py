"""For developers: API keys, webhooks, and what other programs bring in."""
