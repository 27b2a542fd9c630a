"""The findings of `kalends doctor` about PostgreSQL itself, with what to do about each."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Final, NamedTuple

from kalends.runtime.unit_of_work import Context
from kalends.store.database_health import ConnectionCount, DatabaseHealth, Standby, inspect_health
from kalends.store.indexes import IndexFault

MIB: Final = 1 << 20
# A busy minute of bookings writes only a fraction of this.
MOST_BYTES_BEHIND: Final = 16 * MIB
LONGEST_BEHIND: Final = timedelta(seconds=30)
FULL_AT: Final = 0.8
LARGEST_CLOCK_DIFFERENCE: Final = timedelta(seconds=1)
NO_TIME: Final = timedelta(0)
IN_SYNC: Final = frozenset({"sync", "quorum"})


class Finding(NamedTuple):
    """A line of the doctor's output."""

    is_well: bool
    what: str

    @classmethod
    def judged(cls, is_well: bool, what: str, remedy: str) -> "Finding":
        """A finding, with the remedy unless all is well."""
        return cls(is_well, what if is_well else f"{what}: {remedy}")


async def find_health(context: Context) -> DatabaseHealth:
    """The health of the database. Raises Unavailable."""
    async with context.database.connection() as tx:
        return await inspect_health(tx)


def of_the_health(health: DatabaseHealth) -> Iterator[Finding]:
    yield _clock(health)
    for use in health.connections:
        yield _connections(use)
    yield from _standbys(health)
    yield from _indexes(health)


def _clock(health: DatabaseHealth) -> Finding:
    difference = abs(health.clock_ahead) - health.clock_error
    seconds = f"{abs(health.clock_ahead).total_seconds():.1f} s"
    if difference <= LARGEST_CLOCK_DIFFERENCE:
        return Finding(True, f"Clock: the database's differs by {seconds} (1 s is allowed)")
    where = "ahead of" if health.clock_ahead > NO_TIME else "behind"
    return Finding(
        False,
        f"Clock: the database's is {seconds} {where} this machine's: have NTP (chrony, or"
        " systemd-timesyncd) set both",
    )


def _connections(use: ConnectionCount) -> Finding:
    line = f"Connections: {use.used} of {use.limit} ({use.limited_by})"
    return Finding.judged(
        use.used < use.limit * FULL_AT,
        line,
        "raise it, or lower KALENDS_DATABASE_POOL or the number of processes; pg_stat_activity"
        " says whose they are",
    )


def _standbys(health: DatabaseHealth) -> Iterator[Finding]:
    for standby in health.standbys:
        yield _standby(standby)
    for slot in health.slots:
        yield Finding(
            False,
            f"Standby: nobody uses the slot {slot.name}, for which the primary keeps"
            f" {slot.bytes_kept / MIB:.0f} MiB: start its standby, or pg_drop_replication_slot",
        )
    is_hidden = any(standby.state is None for standby in health.standbys)
    is_confirmed = any(standby.sync_state in IN_SYNC for standby in health.standbys)
    if health.synchronous and not is_hidden and not is_confirmed:
        yield Finding(
            False,
            f"Standby: synchronous_standby_names is {health.synchronous!r}, but none of them"
            " follows, so every change is refused (NOT_REPLICATED): bring one back, or give up the"
            " promise and empty the setting",
        )


def _standby(standby: Standby) -> Finding:
    if standby.state is None:
        return Finding(
            True,
            f"Standby {standby.name}: follows; how far behind, this role may not see (GRANT"
            " pg_monitor TO it)",
        )
    behind_bytes, behind = standby.bytes_behind or 0, standby.behind or NO_TIME
    silent = standby.silent or NO_TIME
    line = (
        f"Standby {standby.name}: {standby.state}, {standby.sync_state},"
        f" {behind_bytes / MIB:.1f} MiB and {behind.total_seconds():.0f} s behind, heard of"
        f" {silent.total_seconds():.0f} s ago"
    )
    is_close = behind_bytes < MOST_BYTES_BEHIND and max(behind, silent) < LONGEST_BEHIND
    return Finding.judged(
        standby.state == "streaming" and is_close,
        line,
        "do not promote it now; see its log, its disk and the network, and whether"
        " pg_wal_replay_pause() or a long query there holds it up",
    )


def _indexes(health: DatabaseHealth) -> Iterator[Finding]:
    for fault in health.index_faults:
        yield Finding(False, _sentence(fault))
    if not health.index_faults:
        yield Finding(True, "Indexes: all there")


def _sentence(fault: IndexFault) -> str:
    state = "was never finished" if fault.is_there else "is missing"
    return f"Index {fault.name} {state}: {fault.remedy};"
