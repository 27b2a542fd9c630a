"""HTTP itself, for API and pages: reading, answering, errors, limits, sign-ins, connections."""
