"""How PgQueuer writes down that jobs have ended: when one has.

Its own buffer looks ten times a second whether there is something to write, which took a third of
the CPU of a server that is asked nothing.
"""

import asyncio
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from pgqueuer.core import buffers
from pgqueuer.domain import models, types

_Ending = tuple[models.Job, types.JOB_STATUS, models.TracebackRecord | None]


@dataclass
class EndingsBuffer(buffers.JobStatusLogBuffer):
    """Writes together what ends within its timeout, and sleeps while nothing does."""

    _is_gathering: bool = field(init=False, default=False)

    async def add(self, item: _Ending) -> None:
        await super().add(item)
        if not self._is_gathering:
            self._is_gathering = True
            self.add_task(asyncio.create_task(self._gather()))

    async def periodic_flush(self) -> None:
        """Leaves it to `add`."""

    async def _gather(self) -> None:
        """Tries again, as often as it takes, what could not be written."""
        try:
            while not self.events.empty() and not self.shutdown.is_set():
                with suppress(TimeoutError):
                    async with asyncio.timeout(self.timeout.total_seconds()):
                        await self.shutdown.wait()
                await self.flush()
        finally:
            self._is_gathering = False


def use_endings_buffer() -> None:
    """Has queues of PgQueuer take this one: which it is cannot be said to them."""
    module: Any = buffers
    module.JobStatusLogBuffer = EndingsBuffer
