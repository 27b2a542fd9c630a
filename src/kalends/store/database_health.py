"""The health of PostgreSQL itself: its connections, standbys, clock and indexes."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Final

from msgspec import Struct

from kalends.store.database import Tx
from kalends.store.indexes import IndexFault, find_index_faults

CLOCK: Final = "SELECT clock_timestamp()"
CONNECTIONS: Final = """
WITH clients AS (
    SELECT datname, usename FROM pg_stat_activity WHERE backend_type = 'client backend'
)
SELECT 'max_connections', count(*), current_setting('max_connections')::integer
    - current_setting('superuser_reserved_connections')::integer
    - coalesce(current_setting('reserved_connections', true)::integer, 0) FROM clients
UNION ALL
SELECT 'CONNECTION LIMIT of database ' || datname,
    (SELECT count(*) FROM clients c WHERE c.datname = d.datname), datconnlimit
FROM pg_database d WHERE datname = current_database() AND datconnlimit >= 0
UNION ALL
SELECT 'CONNECTION LIMIT of role ' || rolname,
    (SELECT count(*) FROM clients WHERE usename = rolname), rolconnlimit
FROM pg_roles WHERE rolname = current_user AND rolconnlimit >= 0
"""
# A role without the right to read statistics sees that there is a standby, and nothing about it.
STANDBYS: Final = """
SELECT coalesce(application_name, ''), state, sync_state,
    pg_wal_lsn_diff(pg_current_wal_lsn(), replay_lsn)::bigint,
    replay_lag, clock_timestamp() - reply_time
FROM pg_stat_replication WHERE NOT pg_is_in_recovery() AND state IS DISTINCT FROM 'backup'
ORDER BY 1
"""
SLOTS: Final = """
SELECT slot_name, pg_wal_lsn_diff(pg_current_wal_lsn(), restart_lsn)::bigint
FROM pg_replication_slots
WHERE NOT pg_is_in_recovery() AND slot_type = 'physical' AND NOT active AND restart_lsn IS NOT NULL
ORDER BY 1
"""
SYNCHRONOUS: Final = "SELECT current_setting('synchronous_standby_names')"


class ConnectionCount(Struct, frozen=True):
    """How many connections are open, and how many the setting `limited_by` allows."""

    limited_by: str
    used: int
    limit: int


class Standby(Struct, frozen=True):
    """A standby. `state` is None if we may not see it. `bytes_behind` is what it has not applied
    yet, `behind` is how long ago that was written, and `silent` is how long it has not reported."""

    name: str
    state: str | None
    sync_state: str | None
    bytes_behind: int | None
    behind: timedelta | None
    silent: timedelta | None


class AbandonedSlot(Struct, frozen=True):
    """A replication slot whose standby is away, and how much WAL the primary keeps for it."""

    name: str
    bytes_kept: int


class DatabaseHealth(Struct, frozen=True):
    """The health of the database. `clock_ahead` is how far its clock is ahead of ours, and
    `clock_error` how inexact that is; `synchronous` is the setting `synchronous_standby_names`."""

    clock_ahead: timedelta
    clock_error: timedelta
    connections: Sequence[ConnectionCount]
    standbys: Sequence[Standby]
    slots: Sequence[AbandonedSlot]
    synchronous: str
    index_faults: Sequence[IndexFault]


async def inspect_health(tx: Tx) -> DatabaseHealth:
    """Reads the health from the primary, whose schema has to be at the newest revision."""
    began = datetime.now(UTC)
    theirs = await tx.fetchval(CLOCK)
    half = (datetime.now(UTC) - began) / 2
    return DatabaseHealth(
        clock_ahead=theirs - (began + half),
        clock_error=half,
        connections=[ConnectionCount(*row) for row in await tx.fetch(CONNECTIONS)],
        standbys=[Standby(*row) for row in await tx.fetch(STANDBYS)],
        slots=[AbandonedSlot(*row) for row in await tx.fetch(SLOTS)],
        synchronous=await tx.fetchval(SYNCHRONOUS),
        index_faults=await find_index_faults(tx),
    )
