"""The interfaces of the gateways: what services can ask of the world outside, and its answers.

`gateways` implements these protocols, and `compose` hands them to the services. A failure of the
network is a value, so no method raises for one.
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
    """An HTTP request to another server, with limits in seconds and bytes. Redirects are never
    followed."""

    method: str
    url: str
    headers: Mapping[str, str] = {}
    body: bytes = b""
    timeout_seconds: float = 10.0
    most_bytes: int = 65_536


class OutboundResponse(Struct, frozen=True, kw_only=True):
    """An HTTP response with any status. Header names are in lower case; `body` is cut off at the
    request's `most_bytes` (`is_cut`)."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    duration_ms: int
    is_cut: bool = False


class Unreachable(Struct, frozen=True, kw_only=True):
    """There was no response; `reason` is a short sentence. `is_refused`: Kalends refused to send
    the request."""

    reason: str
    duration_ms: int = 0
    is_refused: bool = False


class Http(Protocol):
    """The only HTTP client. It reaches public addresses, and those that the operator has
    allowed."""

    async def find_fault(self, url: str) -> str | None:
        """Why the URL may not be called, or that its host name is unknown, as the end of a sentence
        that begins with the field's name; None if it may be called."""

    async def send(self, request: OutboundRequest) -> OutboundResponse | Unreachable:
        """Sends the request once."""

    async def close(self) -> None:
        """Closes the connections."""


class Posted(Struct, frozen=True):
    """The mail server accepted the message."""


class Deferred(Struct, frozen=True):
    """The mail server did not accept this message for now (4xx, or a lost connection), so it is to
    be tried again."""

    reason: str


class Rejected(Struct, frozen=True):
    """The mail server will never accept this message (5xx)."""

    reason: str


class ServerFailed(Struct, frozen=True, kw_only=True):
    """The mail server accepts no mail at all for now, which says nothing about this message. If
    `is_for_operator`, trying again will not help."""

    reason: str
    is_for_operator: bool = False


MailAnswer: TypeAlias = Posted | Deferred | Rejected | ServerFailed


class MailTransport(Protocol):
    """Hands mail to the mail server."""

    @property
    def server(self) -> str:
        """The name of the server in the log."""

    async def post(self, sender: str, recipient: str, message: bytes) -> MailAnswer:
        """Hands over one message (RFC 5322, with CRLF) for one recipient."""

    async def close(self) -> None:
        """Closes the connections."""


class ClosedHttp:
    """The HTTP client of programs without gateways, such as some commands: it sends nothing."""

    async def find_fault(self, url: str) -> str | None:
        return "cannot be called from here"

    async def send(self, request: OutboundRequest) -> OutboundResponse | Unreachable:
        return Unreachable(reason="there is no way out from here", is_refused=True)

    async def close(self) -> None:
        pass


class Gateways(Struct, frozen=True, kw_only=True):
    """How services reach the world outside, and how it reaches this installation.

    `public_url` is the installation's address for links, without a final slash; None if this
    process does not know it. `sender` is the address that mail comes from. Without a
    `mail_transport` mail is kept in the organization's mailbox. `retry_scale` is a factor for all
    retry timetables. Three tables have providers by the name under which they are stored:
    `sources`, from which bookings are imported; `calendars`, whose accounts need a password or a
    URL; and `consents`, whose accounts are reached by consent and are set up here. `pictures`
    decodes uploaded pictures. `zoom` and `video_hook` make links to calls; `jitsi_url` is the Jitsi
    server, without a final slash, whose rooms exist as soon as they are named.
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
        """Whether mail of an organization is sent; otherwise it stays in the mailbox, as that of a
        sandbox always does."""
        return self.mail_transport is not None and mode is Mode.LIVE


class AddressUnknown(Exception):
    """A link is needed, and this process does not know the public URL."""


def link_to(gateways: Gateways, path: str) -> str:
    """The public link to a path such as `/booking/…`. Raises AddressUnknown without a public URL,
    since a wrong link must not be mailed."""
    if gateways.public_url is None:
        raise AddressUnknown("KALENDS_PUBLIC_URL is not set: a link would have no address.")
    return f"{gateways.public_url}{path}"


def link_if_known(gateways: Gateways, path: str) -> str | None:
    """`link_to` for mail that can do without the link: None without a public URL."""
    return None if gateways.public_url is None else link_to(gateways, path)


NO_GATEWAYS: Final = Gateways()
