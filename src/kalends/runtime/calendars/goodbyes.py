"""Disconnects an account that was connected by consent. Its row is deleted at once; a job then
closes its channels and revokes the consent at the provider."""

from typing import Final
from uuid import UUID

from msgspec import Struct, json

from kalends.runtime.unit_of_work import UnitOfWork
from kalends.store.calendars import connections, tokens
from kalends.store.calendars.channels import HeldChannel, list_held_channels
from kalends.store.database import TenantConnection

GOODBYE_JOB: Final = "leave_calendars"


class Goodbye(Struct, frozen=True):
    """The payload of the job: the sealed tokens of the account, and its open channels. If the
    organization has another connection to the account, the consent `is_used` and stays."""

    organization_id: UUID
    connection_id: UUID
    provider: str
    sealed: bytes
    scopes: list[str]
    channels: list[HeldChannel]
    is_used: bool


async def say_goodbye(work: UnitOfWork, tenant: TenantConnection, connection_id: UUID) -> None:
    """Queues the job. Must run before the connection is deleted, in the same transaction."""
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
    """`say_goodbye` for all connections of the user."""
    for connection_id in await connections.list_connections_of_user(tenant, user_id):
        await say_goodbye(work, tenant, connection_id)
