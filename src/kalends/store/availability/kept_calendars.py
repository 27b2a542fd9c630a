"""Calendars that a process has read, which hold until somebody changes them.

Whoever changes a schedule, its claims or its busy times draws a new mark for it, at random, in the
same transaction (migration 0052). So a snapshot that sees the mark that was read along with a
calendar sees that calendar, whichever process or release changed it, and also after a failover or
a restore. Holds end without a change: what was read holds until the first of them does, and for no
time before it was read.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Final, NamedTuple
from uuid import UUID

from kalends.store.availability.calendars import (
    CalendarDetail,
    Reading,
    StoredCalendar,
    read_calendars,
    with_times_elsewhere,
)
from kalends.store.database import TenantConnection
from kalends.store.kept_by_size import KeptBySize

MOST_KEPT: Final = 2_000
# Of 40,000 claims, or of 20 schedules with years of overrides, as they were sent. Where they have
# been read, they take seven times as much.
MOST_SIZE: Final = 1_000_000

# PostgreSQL takes ten items of a list for granted, and would plan anew each time for one.
_MARKS: Final = """
SELECT schedule_id, bit_xor(mark) FROM calendar_marks
WHERE organization_id = $1 AND schedule_id {schedules} GROUP BY schedule_id
"""
MARK: Final = _MARKS.format(schedules="= ($2::uuid[])[1]")
MARKS: Final = _MARKS.format(schedules="= ANY($2::uuid[])")

Span = tuple[datetime, datetime]
Key = tuple[UUID, UUID, Span]


class KeptCalendar(NamedTuple):
    """What was read at a time, by the clock of the rules."""

    calendar: StoredCalendar
    read_at: datetime

    def holds_at(self, now: datetime) -> bool:
        """Whether the same holds take time then; the mark says all else."""
        next_end = self.calendar.next_end
        return self.read_at <= now and (next_end is None or now < next_end)


class KeptCalendars:
    """Of one process; those that were asked for last."""

    def __init__(self, most_size: int = MOST_SIZE) -> None:
        self._kept: KeptBySize[Key, KeptCalendar] = KeptBySize(MOST_KEPT, most_size)

    def find(
        self, organization_id: UUID, schedule_ids: Sequence[UUID], span: Span, now: datetime
    ) -> list[StoredCalendar] | None:
        """The calendars, which hold if their marks do; None where one was not kept, or does not
        hold at that time."""
        found = []
        for schedule_id in schedule_ids:
            key = organization_id, schedule_id, span
            kept = self._kept.find(key)
            if kept is None or not kept.holds_at(now):
                return None
            self._kept.note_use(key)
            found.append(kept.calendar)
        return found

    def keep(
        self, organization_id: UUID, span: Span, calendars: Sequence[StoredCalendar], now: datetime
    ) -> None:
        for calendar in calendars:
            if calendar.mark is not None:
                key = organization_id, calendar.schedule.id, span
                self._kept.keep(key, KeptCalendar(calendar, now), calendar.size)


_calendars: Final = KeptCalendars()


async def look_at_calendars(
    tenant: TenantConnection, schedule_ids: Sequence[UUID], span: Span, now: datetime
) -> list[StoredCalendar]:
    """`load_calendars` for who looks at times alone. Where nothing has changed since they were read
    last, they are the same objects as then; those with times from elsewhere are others."""
    calendars = _calendars.find(tenant.organization_id, schedule_ids, span, now)
    if calendars is None or not await _have_marks(tenant, calendars):
        reading = Reading(CalendarDetail.NONE, len(schedule_ids) == 1, False, False)
        calendars = await read_calendars(tenant, reading, schedule_ids, span, now)
        _calendars.keep(tenant.organization_id, span, calendars, now)
    return await with_times_elsewhere(tenant, calendars, span, now)


async def _have_marks(tenant: TenantConnection, calendars: Sequence[StoredCalendar]) -> bool:
    """Whether each has the mark that it was read with, all in one snapshot."""
    ids = [calendar.schedule.id for calendar in calendars]
    statement = MARK if len(ids) == 1 else MARKS
    rows = await tenant.tx.fetch(statement, tenant.organization_id, ids)
    marks = dict(rows)
    return all(marks.get(c.schedule.id) == c.mark for c in calendars)
