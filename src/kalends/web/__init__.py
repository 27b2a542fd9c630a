"""HTTP: the table of routes, who may call, how errors look. Asks services, never the store."""
