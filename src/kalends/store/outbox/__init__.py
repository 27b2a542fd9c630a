"""What goes out: events, deliveries to webhook endpoints, mails."""
