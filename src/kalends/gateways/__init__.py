"""The world outside: what implements the protocols of `domain.gateways`, with real networks."""
