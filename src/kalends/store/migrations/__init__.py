"""Alembic's migrations: plain SQL, run by the driver's own `execute`."""
