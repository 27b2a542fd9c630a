"""Work with the rows of one organization, in a context of its own."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar
from uuid import UUID

from kalends.compose import Installation
from kalends.store.database import TenantConnection

T = TypeVar("T")


def in_tenant(
    home: Installation, organization_id: UUID, work: Callable[[TenantConnection], Awaitable[T]]
) -> T:
    async def once() -> T:
        context = home.context()
        try:
            async with context.database.tenant_connection(organization_id) as tenant:
                return await work(tenant)
        finally:
            await context.close()

    return asyncio.run(once())
