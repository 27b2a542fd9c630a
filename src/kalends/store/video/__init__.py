"""Tables of links to calls, and of the accounts by which they are made."""
