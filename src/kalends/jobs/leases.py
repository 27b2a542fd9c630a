"""Acting on a lease, as long as it is ours."""

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

from kalends.store.outbox.lanes import Lease

T = TypeVar("T")


class LeaseOver(Exception):
    """Others may act by now."""


async def while_leased(lease: Lease, work: Coroutine[Any, Any, T]) -> T:
    """What the work answers. It is broken off when the lease is over, which may have been renewed
    meanwhile: then LeaseOver is raised."""
    task = asyncio.ensure_future(work)
    try:
        while not task.done():
            if (seconds := lease.seconds_left()) <= 0:
                raise LeaseOver
            await asyncio.wait([task], timeout=seconds)
        return task.result()
    finally:
        if not task.done():
            task.cancel()
            await asyncio.wait([task])
