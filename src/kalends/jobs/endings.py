"""A buffer by which PgQueuer records ended jobs, and which sleeps while none ends.

PgQueuer's own buffer polls ten times a second for something to write, which took a third of the CPU
of an idle server.
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
    """Writes the jobs that end within its timeout in one batch, and sleeps while none does."""

    _is_gathering: bool = field(init=False, default=False)

    async def add(self, item: _Ending) -> None:
        await super().add(item)
        if not self._is_gathering:
            self._is_gathering = True
            self.add_task(asyncio.create_task(self._gather()))

    async def periodic_flush(self) -> None:
        """Does nothing: `add` starts each flush."""

    async def _gather(self) -> None:
        """Flushes after each timeout until the buffer is empty: a failed flush is tried again."""
        try:
            while not self.events.empty() and not self.shutdown.is_set():
                with suppress(TimeoutError):
                    async with asyncio.timeout(self.timeout.total_seconds()):
                        await self.shutdown.wait()
                await self.flush()
        finally:
            self._is_gathering = False


def use_endings_buffer() -> None:
    """Replaces PgQueuer's buffer in its module, since a queue takes no buffer as an argument."""
    module: Any = buffers
    module.JobStatusLogBuffer = EndingsBuffer
