"""Cal.com: its API over HTTP, and what its terms mean here. No other package knows them."""
