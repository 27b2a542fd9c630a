"""Gateways to the world outside, which implement the protocols of `domain.gateways` over real
networks."""
