"""The API's description, made of the table of routes, and the page `/docs` that shows it."""
