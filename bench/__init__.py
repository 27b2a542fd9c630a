"""Measurements: what Kalends does in a second, beside what its database could."""
