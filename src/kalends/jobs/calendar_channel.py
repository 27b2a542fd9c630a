"""The channel of calendars elsewhere: each calendar has a cap, and each connection a few requests
at once."""

import asyncio
import random
from collections import Counter
from collections.abc import Callable, Sequence
from datetime import timedelta
from time import monotonic
from typing import Final
from uuid import UUID

import structlog

from kalends.domain.errors import Unavailable
from kalends.domain.outbox import JITTER, DeliveryAttempt
from kalends.domain.webhook import State
from kalends.formats.encoding import encode_raw
from kalends.jobs.capped_channel import CappedChannel
from kalends.jobs.leases import LeaseOver, while_leased
from kalends.runtime.calendars import lanes as calendar_lanes
from kalends.runtime.unit_of_work import Context
from kalends.services.calendars.writing.events import settle_lane
from kalends.services.calendars.writing.outcomes import Waits
from kalends.store.outbox.calendar_lanes import CalendarOutcome, DueCalendarLane
from kalends.store.outbox.lanes import Caps, Postponed
from kalends.store.outbox.recording import Recorded

log = structlog.get_logger("kalends.calendars")

CALENDAR_CAPS: Final = Caps(working=16, failing=2)
AT_ONCE_A_CONNECTION: Final = 2
FIRST_RETRY: Final = timedelta(seconds=5)
LAST_RETRY: Final = timedelta(hours=6)
DATABASE_PAUSE: Final = timedelta(seconds=1)
UNKNOWN_PAUSE: Final = timedelta(minutes=5)
NOT_TRIED: Final = "it could not be tried; the log says why"

SettleCalendar = Callable[[CalendarOutcome | Postponed], None]


class CalendarChannel(CappedChannel[DueCalendarLane]):
    """See `Channel`."""

    most: int = 64
    least_room: int = 16
    lease: timedelta = calendar_lanes.CALENDAR_LEASE
    needs: timedelta = timedelta(0)

    def __init__(self, context: Context) -> None:
        super().__init__(context, calendar_lanes.lease_due_calendars, CALENDAR_CAPS)
        self._places: dict[UUID | None, asyncio.Semaphore] = {}
        self._users: Counter[UUID | None] = Counter()

    async def deliver(self, lanes: Sequence[DueCalendarLane], settle: SettleCalendar) -> None:
        for lane in lanes:
            settle(await self._try(lane))

    async def record(self, organization_id: UUID, outcomes: Sequence[CalendarOutcome]) -> Recorded:
        return await calendar_lanes.record_calendars(self._context, organization_id, outcomes)

    def note_health(self, outcomes: Sequence[CalendarOutcome]) -> None:
        """That of a connection is noted by who reads it."""

    async def stop(self) -> None:
        """Nothing runs beside."""

    async def _try(self, lane: DueCalendarLane) -> CalendarOutcome | Postponed:
        """One try, when it is the connection's turn."""
        began = monotonic()
        try:
            waits = await while_leased(lane.lease, self._in_turn(lane))
        except LeaseOver:
            return Postponed(lane)
        except Unavailable:
            return Postponed(lane, DATABASE_PAUSE)
        except Exception:
            # What is never tried would never end, and must not stop the rest.
            log.exception("a calendar could not be written", calendar=str(lane.calendar_id))
            waits = Waits(NOT_TRIED, UNKNOWN_PAUSE)
        if waits is not None and waits.is_postponed:
            return Postponed(lane, waits.after or UNKNOWN_PAUSE)
        return self._outcome(lane, waits, began)

    async def _in_turn(self, lane: DueCalendarLane) -> Waits | None:
        connection_id = lane.connection_id
        places = self._places.setdefault(connection_id, asyncio.Semaphore(AT_ONCE_A_CONNECTION))
        self._users[connection_id] += 1
        try:
            async with places:
                return await settle_lane(self._context, lane)
        finally:
            self._users[connection_id] -= 1
            if not self._users[connection_id]:
                del self._users[connection_id], self._places[connection_id]

    def _outcome(self, lane: DueCalendarLane, waits: Waits | None, began: float) -> CalendarOutcome:
        attempt = DeliveryAttempt(
            at=self._context.clock(),
            status=None,
            duration_ms=round((monotonic() - began) * 1000),
            error=waits.reason if waits else None,
            response=None,
        )
        return CalendarOutcome(
            lane=lane,
            state=State.DELIVERED if waits is None else State.PENDING,
            attempt=encode_raw([attempt]),
            again_after=None if waits is None else _pause(lane.tries, waits.after),
        )


def _pause(tries: int, retry_after: timedelta | None) -> timedelta:
    """Longer from try to try, and not before the server wants it."""
    doubled: int = 1 << min(tries, 20)
    planned = min(FIRST_RETRY * doubled, LAST_RETRY) * random.uniform(1 - JITTER, 1 + JITTER)
    return max(planned, min(retry_after or timedelta(0), LAST_RETRY))
