"""What imports of bookings keep: connections, runs, the rows as they came, accounts."""
