"""Domain to bytes and back."""
