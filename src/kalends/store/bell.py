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
SELECT pg_notify(channel, json_build_object('channel', channel, 'operation', 'insert',
    'sent_at', now(), 'table', 'pgqueuer', 'type', 'table_changed_event')::text)
FROM unnest($1::text[]) AS channel
"""
GATHER_SECONDS: Final = 0.005


class Bell:
    """The bell of one process. `connect` gives a connection of its pool."""

    def __init__(self, connect: Callable[[], AbstractAsyncContextManager[Any]]) -> None:
        self._connect = connect
        self._rung: set[str] = set()
        self._telling: asyncio.Task[None] | None = None

    def ring(self, *channels: str) -> None:
        """Wakes those who listen there, soon; returns at once."""
        self._rung.update(channels)
        if not self._rung:
            return
        if self._telling is None or self._telling.done():
            self._telling = asyncio.create_task(self._tell())

    async def _tell(self) -> None:
        await asyncio.sleep(GATHER_SECONDS)
        while self._rung:
            channels, self._rung = sorted(self._rung), set()
            # Whoever takes work out looks by itself too, so a bell that is not heard loses nothing.
            with suppress(Unavailable):
                async with self._connect() as tx:
                    await tx.execute(RING, channels)
