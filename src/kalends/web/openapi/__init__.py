"""The OpenAPI description, which is generated from the table of routes, and the page `/docs`."""
