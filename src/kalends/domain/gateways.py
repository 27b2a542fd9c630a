"""The gateways as services see them: what can be asked elsewhere, and what may come back.

Gateways implement these protocols; `compose` hands them to the services. At the edge of the
network a failure is a value, so nothing here raises for what a network does.
"""

from collections.abc import Mapping
from typing import Final, Protocol, TypeAlias

from msgspec import Struct

from kalends.domain.access import Mode
from kalends.domain.calendars.accounts import CalendarProvider
from kalends.domain.calendars.consent import ConsentProvider
from kalends.domain.imports.sources import BookingSource
from kalends.domain.pictures import ClosedReader, PictureReader
from kalends.domain.video import HookGateway, ZoomGateway


class OutboundRequest(Struct, frozen=True, kw_only=True):
    """An HTTP request to somewhere else. Limits in seconds and bytes; redirects are never
    followed."""

    method: str
    url: str
    headers: Mapping[str, str] = {}
    body: bytes = b""
    timeout_seconds: float = 10.0
    most_bytes: int = 65_536


class OutboundResponse(Struct, frozen=True, kw_only=True):
    """What came back, whatever the status. Header names are in lower case; `body` is cut off at
    the request's `most_bytes`."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    duration_ms: int
    is_cut: bool = False


class Unreachable(Struct, frozen=True, kw_only=True):
    """Nothing came back: a short sentence why. `is_refused` where we would not even ask."""

    reason: str
    duration_ms: int = 0
    is_refused: bool = False


class Http(Protocol):
    """The one way out by HTTP. It reaches public addresses, and what the operator has opened."""

    async def find_fault(self, url: str) -> str | None:
        """Why the URL may not be called (or its name is not found), as the end of a sentence that
        begins with the field's name; None if it may."""

    async def send(self, request: OutboundRequest) -> OutboundResponse | Unreachable:
        """Sends it, once."""

    async def close(self) -> None:
        """Gives connections back."""


class Posted(Struct, frozen=True):
    """A mail server took the message."""


class Deferred(Struct, frozen=True):
    """It did not take this message, for now (4xx, or it broke off): a sentence why. Trying again
    is right."""

    reason: str


class Rejected(Struct, frozen=True):
    """It never will (5xx): a sentence why."""

    reason: str


class ServerFailed(Struct, frozen=True, kw_only=True):
    """The server takes no mail at all, for now: a sentence why. It says nothing about the message.
    `is_for_operator` where trying again alone will not do."""

    reason: str
    is_for_operator: bool = False


MailAnswer: TypeAlias = Posted | Deferred | Rejected | ServerFailed


class MailTransport(Protocol):
    """Carries mail to a server."""

    @property
    def server(self) -> str:
        """What the server is called in the log."""

    async def post(self, sender: str, recipient: str, message: bytes) -> MailAnswer:
        """Hands over one message (RFC 5322, with CRLF) for one recipient."""

    async def close(self) -> None:
        """Gives connections back."""


class ClosedHttp:
    """No way out: what a program without gateways has."""

    async def find_fault(self, url: str) -> str | None:
        return "cannot be called from here"

    async def send(self, request: OutboundRequest) -> OutboundResponse | Unreachable:
        return Unreachable(reason="there is no way out from here", is_refused=True)

    async def close(self) -> None:
        pass


class Gateways(Struct, frozen=True, kw_only=True):
    """How services reach the world outside, and how that reaches us.

    `public_url` is our own address for links (no slash at its end), None where this process does
    not know it. `sender` the address that
    mail comes from. Without a `mail_transport` mail is kept in the organization's mailbox.
    `retry_scale` stretches or shrinks the timetables of retries. `sources` are the providers
    that bookings are imported from, `calendars` those whose calendars are read, and `consents`
    those that are reached by a consent and were set up here, by the names under which they are
    stored. `pictures` reads what may be one. `zoom` and `video_hook` make links
    to calls, and `jitsi_url` is the Jitsi server whose rooms need nobody to make them (no slash at
    its end).
    """

    http: Http = ClosedHttp()
    mail_transport: MailTransport | None = None
    public_url: str | None = None
    sender: str = "kalends@localhost"
    retry_scale: float = 1.0
    sources: Mapping[str, BookingSource] = {}
    calendars: Mapping[str, CalendarProvider] = {}
    consents: Mapping[str, ConsentProvider] = {}
    pictures: PictureReader = ClosedReader()
    zoom: ZoomGateway | None = None
    video_hook: HookGateway | None = None
    jitsi_url: str | None = None

    def sends_mail_of(self, mode: Mode) -> bool:
        """Whether mail of an organization leaves, or is kept in its mailbox: that of a sandbox
        always is."""
        return self.mail_transport is not None and mode is Mode.LIVE


class AddressUnknown(Exception):
    """A link is to be made, and this process does not know the address that people see."""


def link_to(gateways: Gateways, path: str) -> str:
    """The link that leads to a path of ours, as `/booking/…`. Raises AddressUnknown: a link that
    leads elsewhere must not be mailed."""
    if gateways.public_url is None:
        raise AddressUnknown("KALENDS_PUBLIC_URL is not set: a link would have no address.")
    return f"{gateways.public_url}{path}"


def link_if_known(gateways: Gateways, path: str) -> str | None:
    """The same for a mail that does without: None where our address is not known."""
    return None if gateways.public_url is None else link_to(gateways, path)


NO_GATEWAYS: Final = Gateways()
