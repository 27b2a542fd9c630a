"""Channels on which a provider says that something has changed in a calendar: a hint, never what.
A calendar is asked by the timetable all the same, less often."""

from datetime import datetime
from enum import StrEnum
from typing import Protocol, runtime_checkable
from uuid import UUID

from msgspec import Struct

from kalends.domain.calendars.failures import CalendarFailure


class NewChannel(Struct, frozen=True):
    """A channel that is to be opened: the provider posts to `address`, with `secret`."""

    id: UUID
    address: str
    secret: str


class OpenChannel(Struct, frozen=True):
    """One that is open, until `expires_at`; `resource` is what it is closed by, with its id."""

    resource: str
    expires_at: datetime


class NotPushed(Struct, frozen=True):
    """The provider tells nothing about this calendar."""


class NoticeKind(StrEnum):
    """What a provider says on a channel: that something has changed (or may have, as messages were
    lost), that the channel ends soon, unless another is opened, or that it has ended."""

    CHANGED = "changed"
    ENDS = "ends"
    ENDED = "ended"


class Notice(Struct, frozen=True, kw_only=True):
    """What came on a channel, with its secret. Some providers name it by our id, some by theirs
    (`resource`)."""

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
        """Its first message may come before the answer does."""

    async def close_channel(self, channel_id: UUID, resource: str) -> CalendarFailure | None:
        """One that is closed, or was, may deliver for a while yet."""


class OpenedChannel(Struct, frozen=True, kw_only=True):
    """A channel of ours as it is kept, by the hash of the token in its address. `resource` and
    `expires_at` are there once it is open."""

    id: UUID
    calendar_id: UUID
    token_hash: bytes
    resource: str | None
    expires_at: datetime | None
    created_at: datetime
