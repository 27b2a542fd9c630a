"""Links to calls: the organization's accounts, and making, following and removing links."""
