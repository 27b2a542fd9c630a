"""Calendar syncs: readings of all calendars of a connection that somebody has requested."""

from datetime import timedelta
from typing import Final
from uuid import UUID

from kalends.domain.calendars.states import ConnectionState
from kalends.domain.calendars.syncs import CalendarSync
from kalends.domain.errors import Invalid
from kalends.domain.ids import CALENDAR_SYNC, new_id
from kalends.runtime.unit_of_work import UnitOfWork, require
from kalends.services.calendars.accounts.connections import require_connection
from kalends.services.calendars.queue import enqueue_readings
from kalends.store.calendars import connections, syncs

KEPT_FOR: Final = timedelta(days=1)
# What somebody has to do first, for connections that are not read at all.
HALTED: Final = {
    ConnectionState.PAUSED: "is paused; go on with it first",
    ConnectionState.RECONNECT: "waits for its password, or for a consent; give it that first",
    ConnectionState.REMOVING: "is being disconnected",
}


async def start_sync(work: UnitOfWork, connection_id: UUID) -> UUID:
    """Queues a reading of each calendar of the connection. Raises NotFound, Invalid."""
    stored = await connections.find_connection(work.tenant, connection_id)
    connection = require_connection(work, stored, connection_id)
    if (reason := HALTED.get(connection.state)) is not None:
        raise Invalid(f"The connection {reason}.")
    sync_id, now = new_id(), work.recorded_at
    await syncs.forget_syncs(work.tenant, connection_id, now - KEPT_FOR)
    await enqueue_readings(work, await syncs.insert_sync(work.tenant, sync_id, connection_id, now))
    return sync_id


async def get_sync(work: UnitOfWork, connection_id: UUID, sync_id: UUID) -> CalendarSync:
    """Raises NotFound."""
    sync = await syncs.find_sync(work.tenant, connection_id, sync_id)
    return require(sync, CALENDAR_SYNC, sync_id)
