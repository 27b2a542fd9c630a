"""Determines whose account a connection reaches, so that another account does not change what the
first one imported.

The source is asked in the first run of a connection: before anything is imported if rows are known
already, else after the first page. A server that does not say is identified by its address.
"""

from typing import Final

from msgspec import structs

from kalends.domain.ids import new_id
from kalends.domain.imports.connections import ImportConnection
from kalends.domain.imports.sources import AccountIdentity, SourceAccount
from kalends.runtime import unit_of_work as working
from kalends.runtime.unit_of_work import Context, UnitOfWork
from kalends.services.imports.connections import SourceFailed, import_caller
from kalends.store.imports import accounts, connections, imported_bookings

ADOPTED_AT_ONCE: Final = 1000


async def with_account(
    context: Context, connection: ImportConnection, account: SourceAccount
) -> ImportConnection:
    """The connection, with its account if that has to be known before any row is imported: if there
    are rows that may be another account's. Raises SourceFailed."""
    if connection.account is not None:
        return connection
    async with context.database.tenant_connection(connection.organization_id) as tenant:
        has_rows = await imported_bookings.has_rows(tenant)
    return await identify(context, connection, account) if has_rows else connection


async def identify(
    context: Context, connection: ImportConnection, account: SourceAccount
) -> ImportConnection:
    """The connection with the account that its key belongs to. Raises SourceFailed."""
    identity = await account.identify()
    if identity is not None and not isinstance(identity, AccountIdentity):
        raise SourceFailed(identity)
    caller = await import_caller(context, connection.organization_id)
    return await working.change(context, caller, _write_account, connection, identity)


async def adopt_rows(context: Context, connection: ImportConnection) -> None:
    """Assigns rows whose account was not recorded (of the very first page, or from earlier
    releases) to the connected account, one batch in a transaction."""
    if connection.account is None:
        return
    after: str | None = ""
    while after is not None:
        async with context.database.tenant_connection(connection.organization_id) as tenant:
            after = await imported_bookings.adopt_rows(
                tenant,
                connection.account,
                after,
                ADOPTED_AT_ONCE,
            )


async def _write_account(
    work: UnitOfWork, connection: ImportConnection, identity: AccountIdentity | None
) -> ImportConnection:
    base_url = connection.base_url
    await imported_bookings.lock_imports(work.tenant)
    if identity is None:
        account_id = await accounts.find_account_at(work.tenant, base_url)
    else:
        account_id = await accounts.find_account(work.tenant, identity, base_url)
    account_id = account_id or new_id()
    await accounts.put_account(work.tenant, account_id, identity, base_url, work.recorded_at)
    generation = connection.generation
    await connections.note_account(work.tenant, generation, account_id)
    return structs.replace(connection, account_id=account_id, account_generation=generation)
