"""What the dispatcher asks of lanes of links to calls."""

from datetime import timedelta
from typing import Final

from kalends.runtime.lanes import leasing, recording
from kalends.store.outbox import video_lanes

# A worker that was killed in between has its lanes taken over after this; who takes longer renews
# it.
VIDEO_LEASE: Final = timedelta(seconds=24)

lease_due_video: Final = leasing(video_lanes.lease_due_video, VIDEO_LEASE)
record_video: Final = recording(video_lanes.record_video)
