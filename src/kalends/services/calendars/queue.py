"""The jobs that read calendars elsewhere and follow changes there: their payload, and queuing
them."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Final
from uuid import UUID

from msgspec import Struct, json

from kalends.runtime.unit_of_work import UnitOfWork
from kalends.store.calendars import readings

READ_JOB: Final = "read_calendar"
# Looks at our events that are not as they were written.
FOLLOW_JOB: Final = "follow_calendar"
# Longer than any reading takes. A lost job is queued again after this.
LEASE: Final = timedelta(minutes=20)
IDLE: Final = timedelta(hours=1)
# A calendar is compared as a whole this often, whatever changes its provider reports.
COMPARE_EVERY: Final = timedelta(hours=24)


class DueCalendar(Struct, frozen=True):
    """The payload of the jobs: the calendar to read or to look at."""

    organization_id: UUID
    calendar_id: UUID


async def enqueue_look(work: UnitOfWork, calendar_id: UUID) -> None:
    """Queues a look at the suspicious events of the calendar."""
    await work.enqueue_job(FOLLOW_JOB, json.encode(DueCalendar(work.organization_id, calendar_id)))


async def enqueue_readings(work: UnitOfWork, calendar_ids: Sequence[UUID]) -> int:
    """Queues a reading of each of the calendars that is due; returns how many. Calendars of a
    connection that is paused or waits for a password are due again in an hour."""
    now = work.recorded_at
    taken = await readings.put_in_queue(work.tenant, calendar_ids, now, now + LEASE, now + IDLE)
    for calendar_id in taken:
        payload = json.encode(DueCalendar(work.organization_id, calendar_id))
        await work.enqueue_job(READ_JOB, payload)
    return len(taken)
