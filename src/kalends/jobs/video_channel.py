"""The channel of links to calls: each provider has a cap, so one that hangs delays no other."""

import random
from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from time import monotonic
from typing import Final
from uuid import UUID

import structlog

from kalends.domain.errors import Unavailable
from kalends.domain.outbox import JITTER, DeliveryAttempt
from kalends.domain.video import VideoProvider
from kalends.domain.webhook import State
from kalends.formats.encoding import encode_raw
from kalends.jobs.capped_channel import CappedChannel
from kalends.jobs.leases import LeaseOver, while_leased
from kalends.runtime import video_lanes
from kalends.runtime.unit_of_work import Context
from kalends.scheduling.video import CALENDARS
from kalends.services.calendars.calls import open_call
from kalends.services.video.making import Waits, settle_lane
from kalends.services.video.openers import OPENERS, Open
from kalends.store.outbox.lanes import Caps, Postponed
from kalends.store.outbox.recording import Recorded
from kalends.store.outbox.video_lanes import DueVideoLane, VideoOutcome

log = structlog.get_logger("kalends.video")

PROVIDER_CAPS: Final = Caps(working=16, failing=16)
FIRST_RETRY: Final = timedelta(seconds=5)
LAST_RETRY: Final = timedelta(hours=1)
DATABASE_PAUSE: Final = timedelta(seconds=1)
UNKNOWN_PAUSE: Final = timedelta(minutes=5)
NOT_TRIED: Final = "it could not be tried; the log says why"
ALL_OPENERS: Final[Mapping[VideoProvider, Open]] = {
    **OPENERS,
    **dict.fromkeys(CALENDARS, open_call),
}

SettleVideo = Callable[[VideoOutcome | Postponed], None]


class VideoChannel(CappedChannel[DueVideoLane]):
    """See `Channel`."""

    most: int = 64
    least_room: int = 8
    lease: timedelta = video_lanes.VIDEO_LEASE
    needs: timedelta = timedelta(0)

    def __init__(self, context: Context) -> None:
        super().__init__(context, video_lanes.lease_due_video, PROVIDER_CAPS)

    async def deliver(self, lanes: Sequence[DueVideoLane], settle: SettleVideo) -> None:
        for lane in lanes:
            settle(await self._try(lane))

    async def record(self, organization_id: UUID, outcomes: Sequence[VideoOutcome]) -> Recorded:
        return await video_lanes.record_video(self._context, organization_id, outcomes)

    def note_health(self, outcomes: Sequence[VideoOutcome]) -> None:
        """A provider has none: each link says for itself what it waits for."""

    async def stop(self) -> None:
        """Nothing runs beside."""

    async def _try(self, lane: DueVideoLane) -> VideoOutcome | Postponed:
        began = monotonic()
        try:
            work = settle_lane(self._context, lane, ALL_OPENERS)
            waits = await while_leased(lane.lease, work)
        except LeaseOver:
            return Postponed(lane)
        except Unavailable:
            return Postponed(lane, DATABASE_PAUSE)
        except Exception:
            # What is never tried would never end, and must not stop the rest.
            log.exception("a link could not be made", subject=str(lane.lane_id))
            waits = Waits(NOT_TRIED, UNKNOWN_PAUSE)
        if waits is not None and waits.is_postponed:
            return Postponed(lane, waits.after or UNKNOWN_PAUSE)
        return self._outcome(lane, waits, began)

    def _outcome(self, lane: DueVideoLane, waits: Waits | None, began: float) -> VideoOutcome:
        attempt = DeliveryAttempt(
            at=self._context.clock(),
            status=None,
            duration_ms=round((monotonic() - began) * 1000),
            error=waits.reason if waits else None,
            response=None,
        )
        return VideoOutcome(
            lane=lane,
            state=State.DELIVERED if waits is None else State.PENDING,
            attempt=encode_raw([attempt]),
            again_after=None if waits is None else _pause(lane.tries, waits.after),
        )


def _pause(tries: int, retry_after: timedelta | None) -> timedelta:
    """Longer from try to try, and not before the provider wants it."""
    doubled: int = 1 << min(tries, 20)
    planned = min(FIRST_RETRY * doubled, LAST_RETRY) * random.uniform(1 - JITTER, 1 + JITTER)
    return max(planned, min(retry_after or timedelta(0), timedelta(days=1)))
