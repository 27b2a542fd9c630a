"""The HTTP layer: API, pages and console. It calls services, never the store."""
