"""Links to video calls: who makes them, what is stored of one, and the interface of providers."""

from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final, Protocol, TypeAlias
from uuid import UUID

from msgspec import Struct

LONGEST_LINK: Final = 2_000
HELD_FOR: Final = timedelta(seconds=15)
"""How long mail waits for the link of its booking."""


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
    """The link of a booking, or of all seats of a session, on the first schedule.

    `subject_id` is the booking's id, or one that stands for the session. `url` is what people open,
    `ref` the provider's name for it. `digest` is the hash of what the provider was last told. While
    it `is_unclear`, a request was sent and its answer is not known.
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
    """What a provider is told of a call. `key` makes creating it idempotent: it is the same for
    each try, and differs from that of any other call. `booking_id` is a public id, None for a
    session.
    """

    key: str
    topic: str
    starts_at: datetime
    ends_at: datetime
    timezone: str
    booking_id: str | None
    schedule_id: str


class MeetingMade(Struct, frozen=True):
    """The meeting exists."""

    url: str
    ref: str | None = None


class NoMeeting(Struct, frozen=True):
    """There is no meeting with that key, or no longer."""


class MeetingPending(Struct, frozen=True):
    """The provider is still making the meeting: ask again after that time."""

    after: timedelta = timedelta(seconds=1)


class VideoFailed(Struct, frozen=True, kw_only=True):
    """The request failed; `reason` is a clause. If it `is_refused`, it certainly had no effect; if
    it `is_final`, trying again will not help. It is not to be tried again before `after`."""

    reason: str
    is_refused: bool = False
    is_final: bool = False
    after: timedelta | None = None


MakingAnswer: TypeAlias = MeetingMade | MeetingPending | VideoFailed


class MeetingAccount(Protocol):
    """An account that can make meetings, with its credentials. A failure of the network is a value;
    no method raises for one."""

    async def make(self, meeting: Meeting) -> MakingAnswer:
        """Makes the meeting, in one request."""

    async def find(self, meeting: Meeting) -> MakingAnswer | NoMeeting:
        """The state of a meeting whose making got no answer."""

    async def change(self, ref: str, meeting: Meeting) -> NoMeeting | VideoFailed | None:
        """Tells the provider another time or topic; the link stays. None when it is done."""

    async def remove(self, ref: str | None, meeting: Meeting) -> VideoFailed | None:
        """Removes the meeting. None when it is gone, also if it did not exist."""


class ZoomLogin(Struct, frozen=True):
    """A server-to-server application at Zoom."""

    account_id: str
    client_id: str
    client_secret: str


class ZoomToken(Struct, frozen=True):
    """An access token, and for how many seconds it is valid."""

    token: str
    seconds: int


class ZoomTokens(Protocol):
    """Gives access tokens, cached or new."""

    async def token(self, refused: str | None = None) -> str | VideoFailed:
        """A valid token, and not the one that was `refused`."""


class ZoomGateway(Protocol):
    """The gateway to Zoom."""

    async def ask_token(self, login: ZoomLogin) -> ZoomToken | VideoFailed:
        """Requests a new token from Zoom."""

    def open(self, user: str, tokens: ZoomTokens) -> MeetingAccount:
        """The account for meetings of that user; sends no request yet."""


class SignRequest(Protocol):
    """Signs requests to an organization's own hook."""

    def __call__(self, key: str, body: bytes) -> dict[str, str]:
        """The headers of a request with that body."""


class HookGateway(Protocol):
    """The gateway to hooks of organizations, which make links by their own means."""

    def open(self, url: str, sign: SignRequest) -> MeetingAccount:
        """The account behind that hook; sends no request yet."""
