"""Channels on which a provider notifies us that something has changed in a calendar.

That is a hint without any content. Calendars with a channel are still read by timetable, less
often.
"""

from datetime import datetime
from enum import StrEnum
from typing import Protocol, runtime_checkable
from uuid import UUID

from msgspec import Struct

from kalends.domain.calendars.failures import CalendarFailure


class NewChannel(Struct, frozen=True):
    """A channel to open: the provider posts to `address`, with `secret`."""

    id: UUID
    address: str
    secret: str


class OpenChannel(Struct, frozen=True):
    """A channel that is open until `expires_at`; closing it needs its id and `resource`."""

    resource: str
    expires_at: datetime


class NotPushed(Struct, frozen=True):
    """The provider has no channels for this calendar."""


class NoticeKind(StrEnum):
    """What a provider says on a channel: that something has changed (or may have, since messages
    were lost), that the channel ends soon unless another is opened, or that it has ended."""

    CHANGED = "changed"
    ENDS = "ends"
    ENDED = "ended"


class Notice(Struct, frozen=True, kw_only=True):
    """A notification on a channel, with its secret. Some providers name the channel by our id, some
    by theirs (`resource`)."""

    kind: NoticeKind
    secret: str
    channel_id: str | None = None
    resource: str | None = None


@runtime_checkable
class PushingAccount(Protocol):
    """An account whose provider has channels."""

    async def open_channel(
        self, calendar_url: str, new: NewChannel
    ) -> OpenChannel | NotPushed | CalendarFailure:
        """Opens a channel. Its first notification may arrive before the answer."""

    async def close_channel(self, channel_id: UUID, resource: str) -> CalendarFailure | None:
        """Closes a channel, which may go on delivering for a while. Closing it twice is no
        failure."""


class OpenedChannel(Struct, frozen=True, kw_only=True):
    """A stored channel; only the hash of the token in its address is stored. `resource` and
    `expires_at` are None until it is open."""

    id: UUID
    calendar_id: UUID
    token_hash: bytes
    resource: str | None
    expires_at: datetime | None
    created_at: datetime
