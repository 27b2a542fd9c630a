"""What `scripts/compare_api.py` is made of: a tour of the API, and the differences of two."""
