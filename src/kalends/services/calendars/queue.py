"""The job that reads a calendar, and putting it down."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Final
from uuid import UUID

from msgspec import Struct, json

from kalends.runtime.unit_of_work import UnitOfWork
from kalends.store.calendars import readings

READ_JOB: Final = "read_calendar"
# Looks at events of ours that are not as they were written.
FOLLOW_JOB: Final = "follow_calendar"
# Longer than any reading takes; a job that was lost is made again after it.
LEASE: Final = timedelta(minutes=20)
IDLE: Final = timedelta(hours=1)
# All of a calendar is read again, whatever its provider says of changes.
COMPARE_EVERY: Final = timedelta(hours=24)


class DueCalendar(Struct, frozen=True):
    """The payload of the jobs that look at a calendar."""

    organization_id: UUID
    calendar_id: UUID


async def enqueue_look(work: UnitOfWork, calendar_id: UUID) -> None:
    """Has what is suspicious in the calendar looked at."""
    await work.enqueue_job(FOLLOW_JOB, json.encode(DueCalendar(work.organization_id, calendar_id)))


async def enqueue_readings(work: UnitOfWork, calendar_ids: Sequence[UUID]) -> int:
    """Puts a job down for each of the calendars that is due, and says how many. Those of a
    connection that is paused, or waits for a password, are asked again in an hour."""
    now = work.recorded_at
    taken = await readings.put_in_queue(work.tenant, calendar_ids, now, now + LEASE, now + IDLE)
    for calendar_id in taken:
        payload = json.encode(DueCalendar(work.organization_id, calendar_id))
        await work.enqueue_job(READ_JOB, payload)
    return len(taken)
