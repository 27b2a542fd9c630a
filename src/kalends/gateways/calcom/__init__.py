"""Cal.com: its API over HTTP, and what its words mean here. Nothing else knows them."""
