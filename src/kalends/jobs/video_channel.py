"""The channel that makes links to video calls. Each provider has a cap, so that one that hangs does
not delay the others."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Final
from uuid import UUID

import structlog

from kalends.domain.video import VideoProvider
from kalends.jobs.settling_channel import SettlingChannel
from kalends.runtime import video_lanes
from kalends.runtime.unit_of_work import Context
from kalends.runtime.waits import Waits
from kalends.scheduling.video import CALENDARS
from kalends.services.calendars.calls import open_call
from kalends.services.video.making import settle_lane
from kalends.services.video.openers import OPENERS, Open
from kalends.store.outbox.lanes import Caps
from kalends.store.outbox.recording import Recorded
from kalends.store.outbox.video_lanes import DueVideoLane, VideoOutcome

log = structlog.get_logger("kalends.video")

PROVIDER_CAPS: Final = Caps(working=16, failing=16)
ALL_OPENERS: Final[Mapping[VideoProvider, Open]] = {
    **OPENERS,
    **dict.fromkeys(CALENDARS, open_call),
}


class VideoChannel(SettlingChannel[DueVideoLane, VideoOutcome]):
    """See `Channel`."""

    lease: timedelta = video_lanes.VIDEO_LEASE
    outcome = VideoOutcome
    last_retry: timedelta = timedelta(hours=1)
    last_asked: timedelta = timedelta(days=1)

    def __init__(self, context: Context) -> None:
        super().__init__(context, video_lanes.lease_due_video, PROVIDER_CAPS)

    async def record(self, organization_id: UUID, outcomes: Sequence[VideoOutcome]) -> Recorded:
        return await video_lanes.record_video(self._context, organization_id, outcomes)

    def log_crash(self, lane: DueVideoLane) -> None:
        log.exception("a link could not be made", subject=str(lane.lane_id))

    async def settle(self, lane: DueVideoLane) -> Waits | None:
        return await settle_lane(self._context, lane, ALL_OPENERS)
