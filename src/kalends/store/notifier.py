"""The bell: who has committed work rings, and whoever takes work out, anywhere, looks at once.

Rung after the commit, since NOTIFY inside a transaction holds a lock of the whole database until
its flush, so that no two commits could be flushed together. One notification says all that was
committed within some milliseconds. A process that is killed between commit and bell delays its
work until the next look of a worker; it loses none.
"""

import asyncio
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager, suppress
from typing import Any, Final

from kalends.domain.errors import Unavailable

DELIVERIES: Final = "kalends_deliveries"
# PgQueuer's, which wants to be told in its own words.
JOBS: Final = "ch_pgqueuer"
RING: Final = """
SELECT pg_notify($1::text, json_build_object('channel', $1::text, 'operation', 'insert',
    'sent_at', now(), 'table', 'pgqueuer', 'type', 'table_changed_event')::text)
"""
# How long to gather: one waking costs the workers about as much as a job, so the longer the better,
# but webhooks are expected at once.
GATHER_SECONDS: Final = {DELIVERIES: 0.01, JOBS: 0.1}


class Notifier:
    """The bell of one process. `connect` gives a connection of its pool."""

    def __init__(self, connect: Callable[[], AbstractAsyncContextManager[Any]]) -> None:
        self._connect = connect
        self._rung: set[str] = set()
        self._telling: set[asyncio.Task[None]] = set()

    def notify(self, *channels: str) -> None:
        """Wakes those who listen there, soon; returns at once."""
        for channel in channels:
            if channel not in self._rung:
                self._rung.add(channel)
                telling = asyncio.create_task(self._tell(channel))
                self._telling.add(telling)
                telling.add_done_callback(self._telling.discard)

    async def _tell(self, channel: str) -> None:
        await asyncio.sleep(GATHER_SECONDS[channel])
        # Who rings from here on needs another one: what it committed may come too late for this.
        self._rung.discard(channel)
        # Whoever takes work out looks by itself too, so a bell that is not heard loses nothing.
        with suppress(Unavailable):
            async with self._connect() as tx:
                await tx.execute(RING, channel)
