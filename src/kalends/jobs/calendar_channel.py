"""The channel that writes bookings into calendars elsewhere. Each calendar has a cap, and each
connection handles a few lanes at once."""

import asyncio
from collections import Counter
from collections.abc import Sequence
from datetime import timedelta
from typing import Final
from uuid import UUID

import structlog

from kalends.jobs.settling_channel import SettlingChannel
from kalends.runtime.calendars import lanes as calendar_lanes
from kalends.runtime.unit_of_work import Context
from kalends.runtime.waits import Waits
from kalends.services.calendars.writing.events import settle_lane
from kalends.store.outbox.calendar_lanes import CalendarOutcome, DueCalendarLane
from kalends.store.outbox.lanes import Caps
from kalends.store.outbox.recording import Recorded

log = structlog.get_logger("kalends.calendars")

CALENDAR_CAPS: Final = Caps(working=16, failing=2)
AT_ONCE_A_CONNECTION: Final = 2
# Longer than that a lane keeps no place only to wait for others of its connection.
WAITS_FOR_TURN_SECONDS: Final = 15.0
NOT_ITS_TURN: Final = Waits(
    "others of the account come first", timedelta(seconds=15), is_postponed=True
)


class CalendarChannel(SettlingChannel[DueCalendarLane, CalendarOutcome]):
    """See `Channel`. The health of a connection is updated where its calendars are read."""

    most: int = 128
    lease: timedelta = calendar_lanes.CALENDAR_LEASE
    outcome = CalendarOutcome
    last_retry: timedelta = timedelta(hours=6)
    last_asked: timedelta = last_retry

    def __init__(self, context: Context) -> None:
        super().__init__(context, calendar_lanes.lease_due_calendars, CALENDAR_CAPS)
        self._places: dict[UUID | None, asyncio.Semaphore] = {}
        self._users: Counter[UUID | None] = Counter()

    async def record(self, organization_id: UUID, outcomes: Sequence[CalendarOutcome]) -> Recorded:
        return await calendar_lanes.record_calendars(self._context, organization_id, outcomes)

    def log_crash(self, lane: DueCalendarLane) -> None:
        log.exception("a calendar could not be written", calendar=str(lane.calendar_id))

    async def settle(self, lane: DueCalendarLane) -> Waits | None:
        """Settles the lane once its connection has a place free; postpones it if none comes free in
        time."""
        connection_id = lane.connection_id
        places = self._places.setdefault(connection_id, asyncio.Semaphore(AT_ONCE_A_CONNECTION))
        self._users[connection_id] += 1
        try:
            if not await _is_acquired(places, WAITS_FOR_TURN_SECONDS):
                return NOT_ITS_TURN
            try:
                return await settle_lane(self._context, lane)
            finally:
                places.release()
        finally:
            self._users[connection_id] -= 1
            if not self._users[connection_id]:
                del self._users[connection_id], self._places[connection_id]


async def _is_acquired(places: asyncio.Semaphore, seconds: float) -> bool:
    """Takes a place if one comes free within so many seconds; returns whether it did."""
    try:
        async with asyncio.timeout(seconds):
            return await places.acquire()
    except TimeoutError:
        return False
