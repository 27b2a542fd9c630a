"""Settings for developers: API keys, webhooks, the event log, and imports from Cal.com."""
