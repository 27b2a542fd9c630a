"""What can be booked, and when."""
