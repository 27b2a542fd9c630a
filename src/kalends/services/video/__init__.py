"""Links to video calls: the organization's accounts, and making, changing and removing links."""
