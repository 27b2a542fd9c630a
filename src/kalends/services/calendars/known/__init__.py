"""What is known of events elsewhere: their shapes, and which of them are ours."""
