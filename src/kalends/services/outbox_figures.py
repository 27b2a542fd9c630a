"""Figures of the outbox for monitoring."""

import asyncio
from collections.abc import Sequence
from time import monotonic
from typing import Final

from msgspec import Struct

from kalends.domain.errors import Unavailable
from kalends.runtime.unit_of_work import Context
from kalends.store.outbox import overview
from kalends.store.outbox.channel_health import list_failing_channels

# A process queries the database at most this often, however often the figures are requested.
KEPT_SECONDS: Final = 10.0
WITHIN_SECONDS: Final = 1.0


class ChannelFigures(Struct, frozen=True):
    """A channel: how many deliveries wait, for how many seconds the oldest due one has been due (0
    if none is), and whether its server is failing."""

    channel: str
    waiting: int
    due_seconds: float
    is_failing: bool


class OutboxFigures(Struct, frozen=True):
    """The channels in which something waits or whose server is failing, and the number of failing
    webhooks."""

    channels: Sequence[ChannelFigures]
    failing_webhooks: int


class KeptFigures:
    """A cache of the figures of all organizations."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._asked_at = float("-inf")
        self._figures: OutboxFigures | None = None

    async def read(self) -> OutboxFigures | None:
        """The figures; None if the database does not answer."""
        if monotonic() - self._asked_at >= KEPT_SECONDS:
            self._asked_at = monotonic()
            try:
                async with asyncio.timeout(WITHIN_SECONDS):
                    self._figures = await read_figures(self._context)
            except (Unavailable, TimeoutError):
                self._figures = None
        return self._figures


async def read_figures(context: Context) -> OutboxFigures:
    """Reads the figures from the database. Raises Unavailable."""
    async with context.database.connection() as tx:
        waiting = {figures.channel: figures for figures in await overview.count_waiting(tx)}
        failing = {figures.channel for figures in await list_failing_channels(tx)}
        failing_webhooks = await overview.count_failing_endpoints(tx)
    now = context.clock().timestamp()
    channels = []
    for name in sorted(waiting.keys() | failing):
        figures = waiting.get(name)
        late = now - figures.due_since.timestamp() if figures and figures.due_since else 0.0
        count = figures.count if figures else 0
        channels.append(ChannelFigures(name, count, max(late, 0.0), name in failing))
    return OutboxFigures(channels, failing_webhooks)
