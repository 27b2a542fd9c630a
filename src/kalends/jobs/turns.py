"""Limits concurrent database work by organization, so that one that fails does not stop others."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final
from uuid import UUID

import structlog

from kalends.domain.errors import Unavailable
from kalends.jobs.back_off import BackOff

log = structlog.get_logger("kalends.jobs")

AT_ONCE: Final = 4
# Failing organizations share one place, so that those that hang leave connections to the others.
FAILING_AT_ONCE: Final = 1


class Turns:
    """At most `AT_ONCE` turns at a time. An organization whose last turn failed waits for the place
    of failing ones, with pauses that grow. The first failure and the recovery are logged."""

    def __init__(self, channel: str) -> None:
        self._channel = channel
        self._working = asyncio.Semaphore(AT_ONCE)
        self._failing = asyncio.Semaphore(FAILING_AT_ONCE)
        self._back_offs: dict[UUID, BackOff] = {}

    @asynccontextmanager
    async def turn(self, organization_id: UUID) -> AsyncIterator[None]:
        """Runs the block when there is a place. Notes an exception as a failure, and raises it."""
        places = self._failing if self.is_failing(organization_id) else self._working
        async with places:
            try:
                yield
            except Exception as error:
                self._note_failure(organization_id, error)
                raise
        if back_off := self._back_offs.pop(organization_id, None):
            back_off.succeeded()

    @property
    def failing(self) -> list[UUID]:
        return list(self._back_offs)

    def is_failing(self, organization_id: UUID) -> bool:
        return organization_id in self._back_offs

    def pause(self, organization_id: UUID) -> float:
        """How many seconds to wait after a failure, longer each time; 0 without one."""
        back_off = self._back_offs.get(organization_id)
        return back_off.pause() if back_off else 0.0

    def _note_failure(self, organization_id: UUID, error: Exception) -> None:
        if organization_id not in self._back_offs:
            about = {"channel": self._channel, "organization": str(organization_id)}
            if not isinstance(error, Unavailable):
                log.error("deliveries of an organization fail", **about, exc_info=error)
            self._back_offs[organization_id] = BackOff("deliveries of an organization", about)
        self._back_offs[organization_id].failed(error)
