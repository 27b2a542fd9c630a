"""One file a resource: its request models, its handlers, its rows in the table of routes."""
