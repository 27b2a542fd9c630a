"""Alembic's environment: migrates over the connection that `store.migrate` hands in.

Each migration is a transaction of its own, so that one may also work outside of any.
"""

from alembic import context

context.configure(
    connection=context.config.attributes["connection"], transaction_per_migration=True
)
with context.begin_transaction():
    context.run_migrations()
