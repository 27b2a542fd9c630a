"""Sends HTTP requests with aiohttp, which may only connect to addresses that the guard has checked.

This module is slow to import: see `http`.
"""

import asyncio
import errno
import socket
import ssl
from collections.abc import Callable
from contextvars import ContextVar
from functools import partial
from typing import Any, Final

from aiohttp import (
    ClientConnectorCertificateError,
    ClientConnectorError,
    ClientConnectorSSLError,
    ClientError,
    ClientOSError,
    ClientPayloadError,
    ClientResponse,
    ClientResponseError,
    ClientSession,
    ClientTimeout,
    DummyCookieJar,
    ServerDisconnectedError,
    TCPConnector,
)
from aiohttp.abc import AbstractResolver, ResolveResult
from aiohttp.client_proto import ResponseHandler
from aiohttp.client_reqrep import ClientRequest
from aiohttp.connector import Connection
from aiohttp.http import HttpProcessingError, RawResponseMessage
from aiohttp.tracing import Trace
from msgspec import Struct
from yarl import URL

from kalends import __version__
from kalends.domain.gateways import OutboundRequest
from kalends.gateways.guard import Guard
from kalends.gateways.targets import DEFAULT_HTTP_PORTS, NotCallable, Target

HTTP_CONNECTIONS: Final = 700
"""At once, all hosts together: as many as all channels and jobs have under way, so that none waits
for a connection that others hold. `serving` raises how many files a process may open."""

HTTP_IDLE_SECONDS: Final = 4.0
"""Shorter than the five seconds after which many servers close, so that we seldom meet it."""

MOST_HEADERS: Final = 100
LONGEST_HEADER: Final = 8190
MOST_INTERIM_ANSWERS: Final = 20
REPEATABLE_METHODS: Final = frozenset(
    {"GET", "HEAD", "OPTIONS", "PUT", "DELETE", "PROPFIND", "REPORT"}
)
REPEATABLE_HEADERS: Final = frozenset({"webhook-id", "idempotency-key"})
DEFAULT_HEADERS: Final = {"User-Agent": f"Kalends/{__version__}", "Accept-Encoding": "identity"}

_REASONS: Final = {
    errno.ECONNREFUSED: "the connection was refused",
    errno.ENETUNREACH: "there is no way to its network",
    errno.EHOSTUNREACH: "there is no way to its host",
    errno.ETIMEDOUT: "no connection could be made in time",
    errno.EMFILE: "too many connections are open here",
}


class Response(Struct, frozen=True):
    """An answer, read up to the size limit."""

    status: int
    headers: dict[str, str]
    body: bytes
    is_cut: bool


class _Resolver(AbstractResolver):
    """Gives aiohttp the checked addresses in numeric form, so that it looks nothing up itself.

    Each scheme has a resolver of its own, as other addresses may be called by http than by https.
    """

    def __init__(self, guard: Guard, scheme: str) -> None:
        self._guard = guard
        self._scheme = scheme

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        target = Target(scheme=self._scheme, host=host, port=port, address=None, rest="/")
        return [
            ResolveResult(
                hostname=host,
                host=str(address),
                port=port,
                family=socket.AF_INET if address.version == 4 else socket.AF_INET6,
                proto=0,
                flags=socket.AI_NUMERICHOST,
            )
            for address in await self._guard.find_addresses(target)
        ]

    async def close(self) -> None:
        pass


class _OneAnswer(ResponseHandler):
    """A connection that accepts one answer to each request, and few interim ones (RFC 9110 15.2).

    aiohttp itself accepts any number of both: endless `100 Continue` answers would fill the memory,
    and an unsolicited answer would be taken for that of the next request.
    """

    _interim_left = 0
    _is_answered = True
    was_asked = False

    def set_response_params(self, **params: Any) -> None:
        """Called by aiohttp before each request."""
        self.was_asked = True
        self._interim_left = MOST_INTERIM_ANSWERS
        self._is_answered = False
        super().set_response_params(**params)

    def feed_data(self, data: tuple[RawResponseMessage, Any], size: int = 0) -> None:
        """Called by aiohttp for each answer once its headers have been read."""
        if self._is_answered or not self._interim_left:
            if self.transport is not None:
                self.transport.abort()
            if not self._is_answered:
                self.set_exception(HttpProcessingError(message="too many interim answers"))
            self._is_answered = True
            return
        self._interim_left -= 1
        self._is_answered = data[0].code >= 200 or data[0].code == 101
        super().feed_data(data, size)


class _Use:
    """The use of a connection by one request."""

    was_reused = False


_USE: Final[ContextVar[_Use]] = ContextVar("use")


class _Connector(TCPConnector):
    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        make: Callable[..., ResponseHandler] = _OneAnswer
        self._factory = partial(make, loop=asyncio.get_running_loop())  # not public: tests hold it

    async def connect(
        self, req: ClientRequest, traces: list[Trace], timeout: ClientTimeout
    ) -> Connection:
        """Notes whether the connection was used before. A trace could tell that too, but aiohttp
        awaits traces at each step of a request."""
        connection = await super().connect(req, traces, timeout)
        _USE.get().was_reused = getattr(connection.protocol, "was_asked", False)
        return connection


class ConnectionPools:
    """The connection pools of the running event loop. Each scheme has two: one that keeps
    connections, and one that keeps none, for requests that need a new one."""

    def __init__(self, guard: Guard) -> None:
        self._guard = guard
        self._tls = ssl.create_default_context()
        self._kept = {scheme: self._session(scheme) for scheme in DEFAULT_HTTP_PORTS}
        self._fresh = {
            scheme: self._session(scheme, force_close=True) for scheme in DEFAULT_HTTP_PORTS
        }

    def _session(self, scheme: str, **options: Any) -> ClientSession:
        if not options:
            options["keepalive_timeout"] = HTTP_IDLE_SECONDS
        connector = _Connector(
            limit=HTTP_CONNECTIONS,
            resolver=_Resolver(self._guard, scheme),
            ssl=self._tls,
            **options,
        )
        session = ClientSession(
            connector=connector,
            headers=DEFAULT_HEADERS,
            cookie_jar=DummyCookieJar(),
            timeout=ClientTimeout(total=None, sock_connect=None),  # `http` sets the only deadline
            auto_decompress=False,
            trust_env=False,
            max_line_size=LONGEST_HEADER,
            max_field_size=LONGEST_HEADER,
            max_headers=MOST_HEADERS,
        )
        session._retry_connection = False  # it would also repeat failures of new connections
        return session

    async def send(self, target: Target, request: OutboundRequest) -> Response | str:
        """The response, or the reason why there is none. It has no time limit of its own. Raises
        NotCallable."""
        if target.address is not None:  # aiohttp calls its resolver for names only
            await self._guard.find_addresses(target)
        use = _Use()
        _USE.set(use)
        try:
            return await self._send(self._kept[target.scheme], target, request)
        except (ClientError, OSError, ValueError) as error:
            if not (use.was_reused and _broke_off(error) and is_repeatable(request)):
                return reason_of(error)
        try:
            return await self._send(self._fresh[target.scheme], target, request)
        except (ClientError, OSError, ValueError) as error:
            return reason_of(error)

    async def _send(
        self, session: ClientSession, target: Target, request: OutboundRequest
    ) -> Response:
        url = URL(target.url, encoded=True)
        if url.port != target.port or url.host != target.host:
            raise NotCallable("must have a valid host name")
        async with session.request(
            request.method,
            url,
            headers=request.headers,
            data=request.body or None,
            allow_redirects=False,
        ) as response:
            body, is_cut = await _read(response, request.most_bytes)
            return Response(response.status, _headers_of(response), body, is_cut)

    async def close(self) -> None:
        for session in (*self._kept.values(), *self._fresh.values()):
            await session.close()


async def _read(response: ClientResponse, most_bytes: int) -> tuple[bytes, bool]:
    """The body as it was sent, up to `most_bytes`, and whether there was more."""
    body = bytearray()
    async for chunk in response.content.iter_any():
        body += chunk
        if len(body) > most_bytes:
            response.close()
            return bytes(body[:most_bytes]), True
    return bytes(body), False


def _headers_of(response: ClientResponse) -> dict[str, str]:
    """The headers by names in lower case, with repeated ones joined. Bytes that are not UTF-8
    become U+FFFD, so that the values can be stored."""
    headers: dict[str, str] = {}
    for name, value in response.headers.items():
        key, text = name.lower(), value.encode("utf-8", "surrogateescape").decode(errors="replace")
        headers[key] = f"{headers[key]}, {text}" if key in headers else text
    return headers


def is_repeatable(request: OutboundRequest) -> bool:
    """Whether the request is idempotent (RFC 9110 9.2.2, RFC 4918 9.1, RFC 3253 3.6)."""
    names = {name.lower() for name in request.headers}
    return request.method.upper() in REPEATABLE_METHODS or bool(names & REPEATABLE_HEADERS)


def _broke_off(error: Exception) -> bool:
    """Whether the connection ended before an answer began."""
    return isinstance(error, ServerDisconnectedError | ClientOSError | ConnectionError) and not (
        isinstance(error, ClientConnectorError)
    )


def reason_of(error: Exception) -> str:
    """The reason of a failure as a short sentence for people."""
    match error:
        case ClientConnectorCertificateError():
            return f"the certificate is not valid: {_certificate_fault(error.certificate_error)}"
        case ClientConnectorSSLError() | ssl.SSLError():
            return "no secure connection could be made"
        case ClientConnectorError():
            return _system_fault(error.os_error)
        case ServerDisconnectedError() | ConnectionError():
            return "the connection was closed without an answer"
        case ClientPayloadError():
            return "the answer broke off"
        case ClientResponseError():
            return "the answer is not valid HTTP"
        case OSError():
            return _system_fault(error)
        case _:
            return "the request could not be sent"


def _certificate_fault(error: Exception) -> str:
    if isinstance(error, ssl.SSLCertVerificationError) and error.verify_message:
        return error.verify_message
    return str(error)


def _system_fault(error: OSError) -> str:
    fault = _REASONS.get(error.errno or 0)
    return fault or "the connection broke"
