"""WebDAV requests to the hosts of one account, with authentication, redirects and XML answers."""

import asyncio
from collections.abc import Iterable, Mapping
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from kalends.domain.calendars.accounts import CalendarLogin
from kalends.domain.calendars.failures import (
    CalendarFailure,
    CalendarGone,
    CredentialsRefused,
    LeadsElsewhere,
    NotUnderstood,
)
from kalends.domain.gateways import Http, OutboundRequest, OutboundResponse, Unreachable
from kalends.gateways.caldav.credentials import DavCredentials
from kalends.gateways.caldav.multistatus import (
    DavResponse,
    MultiStatus,
    preconditions_in,
    read_multistatus,
)
from kalends.gateways.caldav.questions import ask_properties
from kalends.gateways.caldav.xml import Element, NotXml, read_xml
from kalends.gateways.redirects import Landed, failure_in, follow, is_passing
from kalends.gateways.targets import NotCallable, read_target

MOST_BYTES: Final = 32_000_000
TIMEOUT_SECONDS: Final = 60.0
BYTES_IN_LOOP: Final = 200_000
"""More is read in a thread: so much takes some milliseconds, and 32 MB half a second."""

GONE: Final = frozenset({404, 410})
LARGEST_ERROR: Final = 65_536
XML_TYPE: Final = "application/xml; charset=utf-8"
NO_HEADERS: Final[Mapping[str, str]] = {}


class Origin(Struct, frozen=True):
    """Scheme, host and port. A password is meant for an origin, never for a host name alone."""

    scheme: str
    host: str
    port: int

    @property
    def by_tls(self) -> "Origin":
        """The same host by https, to which many servers redirect; itself on a non-default port."""
        is_plain = (self.scheme, self.port) == ("http", 80)
        return Origin("https", self.host, 443) if is_plain else self


def origin_of(url: str) -> Origin | None:
    """The origin of a URL, parsed as the guard does; None if the guard would not call it."""
    try:
        target = read_target(url)
    except NotCallable:
        return None
    return Origin(target.scheme, target.host, target.port)


class DavAnswer(Struct, frozen=True):
    """An answer with any status, and the URL that it came from."""

    response: OutboundResponse
    url: str

    @property
    def status(self) -> int:
        return self.response.status

    @property
    def preconditions(self) -> Mapping[str, Element]:
        """The preconditions that a refusal names as its cause."""
        try:
            return preconditions_in(read_xml(self.response.body[:LARGEST_ERROR]))
        except NotXml:
            return {}


class Listed(Struct, frozen=True):
    """A multistatus, and the URL that it came from, to which its hrefs are relative."""

    multistatus: MultiStatus
    url: str

    @property
    def first(self) -> DavResponse:
        """The response about the address itself, for depth 0."""
        return self.multistatus.responses[0]


class ReportRefused(Struct, frozen=True):
    """The server refuses this query (or would answer with too much), and how. Another query may
    succeed."""

    status: int
    causes: frozenset[str]


class DavSession:
    """The requests to one account. The password is only sent to the host that was entered, and to
    those added by `trust`."""

    def __init__(
        self, http: Http, login: CalendarLogin, timeout_seconds: float = TIMEOUT_SECONDS
    ) -> None:
        self._http = http
        self._timeout_seconds = timeout_seconds
        self._credentials = DavCredentials(login.username, login.password)
        self._trusted: set[Origin] = set()
        for url in (login.url, *login.homes):
            self.trust(url)

    def trust(self, url: str) -> None:
        """Adds the host of a URL. It must come from an answer to a request with the password."""
        origin = origin_of(url)
        if origin is not None:
            self._trusted |= {origin, origin.by_tls}

    async def send(
        self, method: str, url: str, headers: Mapping[str, str] = NO_HEADERS, body: bytes = b""
    ) -> DavAnswer | CalendarFailure:
        """The answer of a trusted host, with any status but 401."""
        request = OutboundRequest(
            method=method,
            url=url,
            headers=headers,
            body=body,
            timeout_seconds=self._timeout_seconds,
            most_bytes=MOST_BYTES,
        )
        landed = await follow(self._http, self._send_signed, request)
        if not isinstance(landed, Landed):
            return landed
        if not self._trusts(landed.url):
            return LeadsElsewhere(landed.url)
        if landed.response.status == 401:
            return CredentialsRefused()
        return DavAnswer(landed.response, landed.url)

    async def propfind(
        self, url: str, names: Iterable[str], depth: str
    ) -> Listed | CalendarFailure:
        """Properties of an address. If it does not exist, Xandikos answers 207 with a status 404
        inside."""
        listed = await self.list("PROPFIND", url, ask_properties(names), depth)
        if not isinstance(listed, Listed):
            return listed
        statuses = {response.status for response in listed.multistatus.responses}
        return CalendarGone() if statuses and statuses <= GONE else listed

    async def describe(self, url: str, names: Iterable[str]) -> Listed | None | CalendarFailure:
        """Properties of the address itself, as `first`; None if the answer has none."""
        listed = await self.propfind(url, names, "0")
        is_empty = isinstance(listed, Listed) and not listed.multistatus.responses
        return None if is_empty else listed

    async def list(
        self, method: str, url: str, body: bytes, depth: str
    ) -> Listed | CalendarFailure:
        """The multistatus that answers the request, or why there is none."""
        answer = await self.send(method, url, _asking(depth), body)
        if not isinstance(answer, DavAnswer):
            return answer
        return failure_in(answer.response) or await read_listed(answer)

    async def report(
        self, url: str, body: bytes, depth: str
    ) -> Listed | ReportRefused | CalendarFailure:
        """The multistatus that answers a query which not every server supports."""
        answer = await self.send("REPORT", url, _asking(depth), body)
        if not isinstance(answer, DavAnswer):
            return answer
        if answer.response.is_cut or (answer.status >= 400 and not is_passing(answer.status)):
            return ReportRefused(answer.status, frozenset(answer.preconditions))
        return failure_in(answer.response) or await read_listed(answer)

    async def _send_signed(self, request: OutboundRequest) -> OutboundResponse | Unreachable:
        """Sends a request, to trusted hosts with the password; once more if they want another kind
        of authentication."""
        if not self._trusts(request.url):
            return await self._http.send(request)
        response = await self._http.send(self._sign(request))
        if isinstance(response, Unreachable) or response.status != 401:
            return response
        if not self._credentials.learn(response.headers.get("www-authenticate", "")):
            return response
        return await self._http.send(self._sign(request))

    def _sign(self, request: OutboundRequest) -> OutboundRequest:
        header = self._credentials.header_for(request.method, read_target(request.url).rest)
        if header is None:
            return request
        return replace(request, headers={**request.headers, "Authorization": header})

    def _trusts(self, url: str) -> bool:
        return origin_of(url) in self._trusted


def _asking(depth: str) -> dict[str, str]:
    return {"Depth": depth, "Content-Type": XML_TYPE}


async def read_listed(answer: DavAnswer) -> Listed | NotUnderstood:
    """The multistatus in an answer. A large one is parsed in a thread."""
    if answer.status != 207:
        return NotUnderstood(f"it answers {answer.status} instead of a list")
    if len(answer.response.body) <= BYTES_IN_LOOP:
        return _read(answer)
    return await asyncio.to_thread(_read, answer)


def _read(answer: DavAnswer) -> Listed | NotUnderstood:
    try:
        root = read_xml(answer.response.body)
        return Listed(read_multistatus(root, answer.url), answer.url)
    except NotXml as error:
        return NotUnderstood(str(error))
