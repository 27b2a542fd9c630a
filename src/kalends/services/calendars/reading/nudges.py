"""Has calendars read because somebody looks at times that depend on them."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Final
from uuid import UUID

from kalends.runtime.unit_of_work import UnitOfWork
from kalends.services.calendars.queue import enqueue_readings
from kalends.store.calendars import nudges

# The least time between readings of a calendar, however many people look.
NOT_SOONER: Final = timedelta(seconds=10)
FILE_NOT_SOONER: Final = timedelta(minutes=5)


async def list_old_calendars(work: UnitOfWork, schedule_ids: Sequence[UUID]) -> list[UUID]:
    """The working calendars that the schedules read and that were not read just now."""
    now = work.now
    before, file_before = now - NOT_SOONER, now - FILE_NOT_SOONER
    return await nudges.list_old_calendars(work.tenant, schedule_ids, now, before, file_before)


async def nudge_calendars(work: UnitOfWork, calendar_ids: Sequence[UUID]) -> int:
    """Queues a reading of each; returns how many."""
    waiting = await nudges.make_due(work.tenant, calendar_ids, work.recorded_at)
    return await enqueue_readings(work, waiting)
