"""What API and pages share of HTTP: connections, reading, answering, errors, limits, sign-ins."""
