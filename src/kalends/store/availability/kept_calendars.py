"""A cache of calendars, each of which is valid until somebody changes it.

Whoever changes a schedule, its claims or its busy times also gives it a new random mark, in the
same transaction (migration 0052). So if a snapshot sees the mark that was read along with a
calendar, it sees that same calendar, whichever process or release may have written it, and even
after a failover or a restore. Holds end without any change. So a calendar is valid only until its
first hold ends, and never for a time before it was read.
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
# In bytes as they were sent: 40,000 claims, or 20 schedules with years of overrides. In memory they
# take seven times as much.
MOST_SIZE: Final = 1_000_000

# PostgreSQL assumes that a list has ten items, and would plan each time anew for a list of one.
_MARKS: Final = """
SELECT schedule_id, bit_xor(mark) FROM calendar_marks
WHERE organization_id = $1 AND schedule_id {schedules} GROUP BY schedule_id
"""
MARK: Final = _MARKS.format(schedules="= ($2::uuid[])[1]")
MARKS: Final = _MARKS.format(schedules="= ANY($2::uuid[])")

Span = tuple[datetime, datetime]
Key = tuple[UUID, UUID, Span]


class KeptCalendar(NamedTuple):
    """A calendar, and when it was read by the caller's clock (which a sandbox may set)."""

    calendar: StoredCalendar
    read_at: datetime

    def holds_at(self, now: datetime) -> bool:
        """Whether the same holds take time at that moment; the mark stands for everything else."""
        next_end = self.calendar.next_end
        return self.read_at <= now and (next_end is None or now < next_end)


class KeptCalendars:
    """The calendars that this process has been asked for last."""

    def __init__(self, most_size: int = MOST_SIZE) -> None:
        self._kept: KeptBySize[Key, KeptCalendar] = KeptBySize(MOST_KEPT, most_size)

    def find(
        self, organization_id: UUID, schedule_ids: Sequence[UUID], span: Span, now: datetime
    ) -> list[StoredCalendar] | None:
        """The calendars, which are valid if their marks still are; None if one of them was not kept
        or is not valid at that time."""
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
    """Like `load_calendars`, for callers that need only times. A calendar that has not changed is
    the same object as at the last call, unless it has times from calendars elsewhere."""
    calendars = _calendars.find(tenant.organization_id, schedule_ids, span, now)
    if calendars is None or not await _have_marks(tenant, calendars):
        reading = Reading(CalendarDetail.NONE, len(schedule_ids) == 1, False, False)
        calendars = await read_calendars(tenant, reading, schedule_ids, span, now)
        _calendars.keep(tenant.organization_id, span, calendars, now)
    return await with_times_elsewhere(tenant, calendars, span, now)


async def _have_marks(tenant: TenantConnection, calendars: Sequence[StoredCalendar]) -> bool:
    """Whether each calendar still has the mark that it was read with, all in one snapshot."""
    ids = [calendar.schedule.id for calendar in calendars]
    statement = MARK if len(ids) == 1 else MARKS
    rows = await tenant.tx.fetch(statement, tenant.organization_id, ids)
    marks = dict(rows)
    return all(marks.get(c.schedule.id) == c.mark for c in calendars)
