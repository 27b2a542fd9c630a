"""How many turns of the event loop others get meanwhile."""

import asyncio
from types import TracebackType


class LoopTurns:
    """Takes every turn of the event loop that it gets, and counts them."""

    def __init__(self) -> None:
        self.count = 0

    async def __aenter__(self) -> "LoopTurns":
        self._task = asyncio.create_task(self._run())
        await asyncio.sleep(0)
        self.count = 0
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._task.cancel()

    async def _run(self) -> None:
        while True:
            self.count += 1
            await asyncio.sleep(0)
