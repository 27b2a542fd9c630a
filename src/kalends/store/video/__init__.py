"""Links to calls, and by whose accounts they are made, as rows."""
