"""The store: PostgreSQL, and all SQL of Kalends. Functions take the organization first."""
