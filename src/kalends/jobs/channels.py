"""The channels of the outbox, and how the dispatcher serves one: a line in the table each.

What a channel has of its own is in its file: how lanes are leased and sent, its caps, and whose
health a failure is. What they share (one delivery of a lane at a time, leases, outcomes in
batches, what happens at the end) is the dispatcher's.
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
    """How one channel is served in one process.

    Up to `most` lanes are under way at once, and none is leased while there are places for fewer
    than `least_room`. A lane is leased for `lease`, which is renewed for as long as its try lasts;
    a try begins only where so much of it is left as it `needs`.
    """

    most: int
    least_room: int
    lease: timedelta
    needs: timedelta

    async def lease_lanes(
        self, organization_id: UUID, room: int, in_flight: Collection[Any], taken: int
    ) -> Leased:
        """Leases up to `room` lanes of the organization that are due, as many as the channel may
        have beside those in flight; `taken` places are taken, or kept for what is being leased.
        Raises Unavailable."""

    def in_batches(self, lanes: Sequence[Any]) -> Iterable[Sequence[DueLane]]:
        """Those that are prepared together; the lanes are of one organization."""

    async def deliver(self, lanes: Sequence[Any], settle: Settle) -> None:
        """Tries each of a batch once, and settles it as soon as it is known how it went. Sends
        nothing when the lease of its lane is over."""

    async def record(self, organization_id: UUID, outcomes: Sequence[Any]) -> Recorded:
        """Records outcomes, but for those whose rows somebody holds. Raises Unavailable."""

    def note_health(self, outcomes: Sequence[Any]) -> None:
        """Notes what recorded outcomes say of their destinations; returns at once."""

    async def stop(self) -> None:
        """Ends what runs beside."""


CHANNELS: Final[Mapping[str, Callable[[Context], Channel]]] = {
    "webhook": WebhookChannel,
    "mail": MailChannel,
    "calendar": CalendarChannel,
    "video": VideoChannel,
}
NEED_PUBLIC_URL: Final = frozenset({"mail"})
"""Links in them lead to the address that people see."""


def channels_of(context: Context) -> Mapping[str, Channel]:
    """The channels that this process serves; what it leaves waits for one that can."""
    has_url = context.gateways.public_url is not None
    return {
        name: channel(context)
        for name, channel in CHANNELS.items()
        if has_url or name not in NEED_PUBLIC_URL
    }
