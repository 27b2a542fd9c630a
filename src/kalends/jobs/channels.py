"""The channels of the outbox (`CHANNELS`), and the interface by which the dispatcher serves them.

The file of a channel has what is its own: how it leases and sends, its caps, and whose health a
failure is. The dispatcher has what all share: one delivery of a lane at a time, renewing leases,
recording outcomes in batches, shutting down.
"""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from datetime import timedelta
from typing import Any, Final, Protocol, TypeAlias
from uuid import UUID

from kalends.jobs.calendar_channel import CalendarChannel
from kalends.jobs.mail_channel import MailChannel
from kalends.jobs.video_channel import VideoChannel
from kalends.jobs.webhook_channel import WebhookChannel
from kalends.runtime.unit_of_work import Context
from kalends.store.outbox.lanes import DueLane, Leased, Postponed
from kalends.store.outbox.recording import DeliveryOutcome, Recorded

Settle: TypeAlias = Callable[[DeliveryOutcome | Postponed], None]


class Channel(Protocol):
    """One channel in one process.

    At most `most` lanes are in flight; while there is room for fewer than `least_room`, no more are
    leased. If the channel `halves`, an organization may hold at most half of the places that others
    leave, so that a destination that hangs leaves places to other organizations: `most` is twice
    what one of them needs. A channel with one destination for all organizations does not halve. A
    lane is leased for `lease`, which is renewed while its try lasts. A try begins only if more than
    `needs` of the lease is left.
    """

    most: int
    least_room: int
    halves: bool
    lease: timedelta
    needs: timedelta

    async def lease_lanes(
        self, organization_id: UUID, room: int, in_flight: Collection[Any], taken: int
    ) -> Leased:
        """Leases up to `room` due lanes of the organization, as the channel's caps allow beside
        those in flight. `taken` counts the places that are occupied or reserved. Raises
        Unavailable."""

    def in_batches(self, lanes: Sequence[Any]) -> Iterable[Sequence[DueLane]]:
        """Splits lanes of one organization into the batches for `deliver`."""

    async def deliver(self, lanes: Sequence[Any], settle: Settle) -> None:
        """Tries each lane of a batch once, and calls `settle` with each outcome as soon as it is
        known. Sends nothing once the lease of the lane is over."""

    async def record(self, organization_id: UUID, outcomes: Sequence[Any]) -> Recorded:
        """Records outcomes, except those whose rows are locked. Raises Unavailable."""

    def note_health(self, outcomes: Sequence[Any]) -> None:
        """Has the health of the destinations updated by recorded outcomes; returns at once."""

    async def stop(self) -> None:
        """Ends the channel's own background tasks."""


CHANNELS: Final[Mapping[str, Callable[[Context], Channel]]] = {
    "webhook": WebhookChannel,
    "mail": MailChannel,
    "calendar": CalendarChannel,
    "video": VideoChannel,
}
NEED_PUBLIC_URL: Final = frozenset({"mail"})
"""Channels whose messages have links, which need the public URL."""


def channels_of(context: Context) -> Mapping[str, Channel]:
    """The channels that this process can serve; deliveries by others wait for another process."""
    has_url = context.gateways.public_url is not None
    return {
        name: channel(context)
        for name, channel in CHANNELS.items()
        if has_url or name not in NEED_PUBLIC_URL
    }
