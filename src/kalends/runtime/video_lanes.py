"""Leasing and recording lanes of links to video calls, for the dispatcher."""

from datetime import timedelta
from typing import Final

from kalends.runtime.lanes import leasing, recording
from kalends.store.outbox import video_lanes

# Other workers take over the lanes of a killed one after this time; a longer try renews its lease.
VIDEO_LEASE: Final = timedelta(seconds=24)

lease_due_video: Final = leasing(video_lanes.lease_due_video, VIDEO_LEASE)
record_video: Final = recording(video_lanes.record_video)
