"""The engine: finds free time with pure functions over instants, half-open intervals and zones."""
