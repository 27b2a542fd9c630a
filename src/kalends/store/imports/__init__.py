"""Tables of imports: connections to a source, runs, the imported rows, and accounts."""
