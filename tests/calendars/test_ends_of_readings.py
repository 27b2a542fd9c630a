"""When an account has been read: once each of its calendars has."""

import asyncio
from datetime import UTC, datetime
from uuid import UUID

import pytest

from kalends.compose import Installation
from kalends.runtime.unit_of_work import Context
from kalends.store.calendars.readings import note_success
from kalends.store.database import TenantConnection
from tests.conftest import fetch, in_thread, run
from tests.homes import BESIDE
from tests.world import World

pytestmark = pytest.mark.server
CONNECTION = UUID(int=1)
CALENDARS = (UUID(int=2), UUID(int=3))
UNREAD = """
INSERT INTO calendar_connections
    (organization_id, id, provider, state, created_at, updated_at)
VALUES ('{0}', '{1}', 'caldav', 'reading', now(), now());
INSERT INTO calendars
    (organization_id, id, connection_id, remote_id, name, access, due_at, created_at)
SELECT '{0}', id::uuid, '{1}', id, id, 'read', 'infinity', now()
FROM unnest('{{{2},{3}}}'::text[]) AS id
"""
WAITS = (
    "SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE '%calendar_c%'"
)


def test_two_readings_that_end_at_once_end_the_first_reading(
    world: World, home: Installation
) -> None:
    organization_id = world.setup.organization_id
    run(home, UNREAD.format(organization_id, CONNECTION, *CALENDARS))
    in_thread(_end_both(home.context(BESIDE), organization_id))
    query = "SELECT state FROM calendar_connections WHERE organization_id = $1"
    assert fetch(home, query, organization_id)[0]["state"] == "active"


async def _end_both(context: Context, organization_id: UUID) -> None:
    """The second waits for the first, and has not seen yet that its calendar is read."""
    database = context.database
    try:
        async with database.tenant_transaction(organization_id) as second:
            async with database.tenant_transaction(organization_id) as first:
                await _end(first, CALENDARS[0])
                ending = asyncio.create_task(_end(second, CALENDARS[1]))
                async with asyncio.timeout(30), database.connection() as tx:
                    while not await tx.fetch(WAITS):
                        await asyncio.sleep(0.01)
            await ending
    finally:
        await context.close()


async def _end(tenant: TenantConnection, calendar_id: UUID) -> None:
    read = "UPDATE calendars SET known_until = now() WHERE organization_id = $1 AND id = $2"
    await tenant.tx.execute(read, tenant.organization_id, calendar_id)
    await note_success(tenant, CONNECTION, datetime.now(UTC))
