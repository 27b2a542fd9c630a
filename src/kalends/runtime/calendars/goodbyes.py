"""Taking leave of an account that was connected by consent: its row goes at once, and a job closes
its channels and gives the consent back."""

from typing import Final
from uuid import UUID

from msgspec import Struct, json

from kalends.runtime.unit_of_work import UnitOfWork
from kalends.store.calendars import connections, tokens
from kalends.store.calendars.channels import HeldChannel, list_held_channels
from kalends.store.database import TenantConnection

GOODBYE_JOB: Final = "leave_calendars"


class Goodbye(Struct, frozen=True):
    """The payload: what opens the account, sealed as it was in its row, and what is open there.
    Where the organization has another connection to it the consent `is_used` still."""

    organization_id: UUID
    connection_id: UUID
    provider: str
    sealed: bytes
    scopes: list[str]
    channels: list[HeldChannel]
    is_used: bool


async def say_goodbye(work: UnitOfWork, tenant: TenantConnection, connection_id: UUID) -> None:
    """Is called before the connection is deleted, in the same transaction."""
    connection = await connections.find_connection(tenant, connection_id)
    stored = await tokens.find_tokens(tenant, connection_id)
    if connection is None or stored is None or stored.sealed is None:
        return
    goodbye = Goodbye(
        organization_id=tenant.organization_id,
        connection_id=connection_id,
        provider=connection.provider.value,
        sealed=stored.sealed,
        scopes=connection.scopes,
        channels=await list_held_channels(tenant, connection_id),
        is_used=await connections.has_others_of_account(tenant, connection),
    )
    await work.enqueue_job(GOODBYE_JOB, json.encode(goodbye))


async def say_goodbye_for_user(work: UnitOfWork, tenant: TenantConnection, user_id: UUID) -> None:
    """The same of all connections of the user."""
    for connection_id in await connections.list_connections_of_user(tenant, user_id):
        await say_goodbye(work, tenant, connection_id)
