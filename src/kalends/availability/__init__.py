"""Free time: pure functions over instants, half-open intervals and zones."""
