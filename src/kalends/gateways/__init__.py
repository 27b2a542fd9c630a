"""The world outside: what implements the protocols of `domain.outside`, with real networks."""
