"""Notifications: who has committed work sends one, and workers anywhere poll at once.

Sent after the commit, since NOTIFY inside a transaction holds a lock of the whole database until
its flush, so that no two commits could be flushed together. One notification says all that was
committed within some milliseconds. A process that is killed between commit and notification
delays its work until the next poll of a worker; it loses none.
"""

import asyncio
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager, suppress
from typing import Any, Final

from kalends.domain.errors import Unavailable

DELIVERIES_CHANNEL: Final = "kalends_deliveries"
# The channel of PgQueuer, which wants a message in its own form.
JOBS_CHANNEL: Final = "ch_pgqueuer"
NOTIFY: Final = """
SELECT pg_notify($1::text, json_build_object('channel', $1::text, 'operation', 'insert',
    'sent_at', now(), 'table', 'pgqueuer', 'type', 'table_changed_event')::text)
"""
# How long to gather: one notification costs the workers about as much as a job, so the longer the
# better, but webhooks are expected at once.
GATHER_SECONDS_BY_CHANNEL: Final = {DELIVERIES_CHANNEL: 0.01, JOBS_CHANNEL: 0.1}


class Notifier:
    """The notifications of one process. `connect` gives a connection of its pool."""

    def __init__(self, connect: Callable[[], AbstractAsyncContextManager[Any]]) -> None:
        self._connect = connect
        self._pending: set[str] = set()
        self._sending: set[asyncio.Task[None]] = set()

    def notify(self, *channels: str) -> None:
        """Wakes those who listen there, soon; returns at once."""
        for channel in channels:
            if channel not in self._pending:
                self._pending.add(channel)
                sending = asyncio.create_task(self._send(channel))
                self._sending.add(sending)
                sending.add_done_callback(self._sending.discard)

    async def _send(self, channel: str) -> None:
        await asyncio.sleep(GATHER_SECONDS_BY_CHANNEL[channel])
        # Who notifies from here on needs another one: what it committed may come too late for this.
        self._pending.discard(channel)
        # Workers poll too, so a notification that is lost loses no work.
        with suppress(Unavailable):
            async with self._connect() as tx:
                await tx.execute(NOTIFY, channel)
