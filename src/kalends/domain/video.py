"""Links to calls: by whom they are made, what is known of one, and what a provider may answer."""

from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final, Protocol, TypeAlias
from uuid import UUID

from msgspec import Struct

LONGEST_LINK: Final = 2_000
HELD_FOR: Final = timedelta(seconds=15)
"""So long mail waits for the link of its booking."""


class VideoProvider(StrEnum):
    """Who makes the link to a booking's video call."""

    GOOGLE_MEET = "google_meet"
    MICROSOFT_TEAMS = "microsoft_teams"
    JITSI = "jitsi"
    ZOOM = "zoom"
    URL = "url"


class VideoState(StrEnum):
    """`waiting` until the link is there, then `made`; `failed` if it cannot be made; `removed` if
    there shall be none any more."""

    WAITING = "waiting"
    MADE = "made"
    FAILED = "failed"
    REMOVED = "removed"


class VideoLink(Struct, frozen=True, kw_only=True):
    """The link of a booking, or of all seats of an event type at one start, on its first schedule.

    Its subject is the booking, or stands for the session. `url` is what people open, `ref` what
    the provider calls it. `digest` is of what the provider was told. While it `is_unclear`,
    something was sent and no answer is known.
    """

    subject_id: UUID
    schedule_id: UUID
    provider: VideoProvider
    booking_id: UUID | None
    event_type_id: UUID | None
    starts_at: datetime | None
    generation: int
    state: VideoState
    is_unclear: bool
    url: str | None
    ref: str | None
    digest: bytes | None
    error: str | None
    wanted_at: datetime
    made_at: datetime | None


class Meeting(Struct, frozen=True, kw_only=True):
    """What a provider is told of a call. `key` is the same for each try to make it, and of no
    other; `booking_id` is shown to programs, None of a session."""

    key: str
    topic: str
    starts_at: datetime
    ends_at: datetime
    timezone: str
    booking_id: str | None
    schedule_id: str


class MeetingMade(Struct, frozen=True):
    """It is there."""

    url: str
    ref: str | None = None


class NoMeeting(Struct, frozen=True):
    """There is none of that key, or none any more."""


class MeetingPending(Struct, frozen=True):
    """It is being made there: look again."""

    after: timedelta = timedelta(seconds=1)


class VideoFailed(Struct, frozen=True, kw_only=True):
    """Why it was not done, as a clause. Where it `is_refused`, surely nothing was; it `is_final`
    where trying again alone will not do, either. Tried again not before `after`."""

    reason: str
    is_refused: bool = False
    is_final: bool = False
    after: timedelta | None = None


MakingAnswer: TypeAlias = MeetingMade | MeetingPending | VideoFailed


class MeetingAccount(Protocol):
    """Where meetings are made, with what is needed to do so. Nothing here raises for what a network
    does."""

    async def make(self, meeting: Meeting) -> MakingAnswer:
        """Makes it, once."""

    async def find(self, meeting: Meeting) -> MakingAnswer | NoMeeting:
        """What has become of one whose making had no answer."""

    async def change(self, ref: str, meeting: Meeting) -> NoMeeting | VideoFailed | None:
        """Tells of another time or topic; the link stays. None when it is done."""

    async def remove(self, ref: str | None, meeting: Meeting) -> VideoFailed | None:
        """One that is not there needs no removing."""


class ZoomLogin(Struct, frozen=True):
    """A server-to-server application at Zoom."""

    account_id: str
    client_id: str
    client_secret: str


class ZoomToken(Struct, frozen=True):
    """What requests are allowed by, for so long."""

    token: str
    seconds: int


class ZoomTokens(Protocol):
    """Where a token comes from."""

    async def token(self, refused: str | None = None) -> str | VideoFailed:
        """A valid token; another one than the one that was refused."""


class ZoomGateway(Protocol):
    """The way to Zoom."""

    async def ask_token(self, login: ZoomLogin) -> ZoomToken | VideoFailed:
        """A new token."""

    def open(self, user: str, tokens: ZoomTokens) -> MeetingAccount:
        """The meetings of that user; nothing is asked yet."""


class SignRequest(Protocol):
    """Signs a request to an organization's own hook."""

    def __call__(self, key: str, body: bytes) -> dict[str, str]:
        """The headers of a request with that body."""


class HookGateway(Protocol):
    """The way to hooks of organizations, which make links by themselves."""

    def open(self, url: str, sign: SignRequest) -> MeetingAccount:
        """That hook; nothing is asked yet."""
