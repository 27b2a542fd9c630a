"""Requests to JSON APIs with an access token, as all providers that need a consent have them."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from typing import Any, ClassVar, Final
from urllib.parse import quote, urlencode

import msgspec
from msgspec import Struct

from kalends.domain.calendars.consent import ConsentScope, TokenSource
from kalends.domain.calendars.failures import (
    CalendarFailure,
    ConsentEnded,
    NotUnderstood,
    Unanswered,
)
from kalends.domain.gateways import Http, OutboundRequest, OutboundResponse, Unreachable
from kalends.formats.lenient_json import dict_in
from kalends.gateways.redirects import failure_in, failure_of

TIMEOUT_SECONDS: Final = 60.0
MOST_BYTES: Final = 32_000_000
Query = Mapping[str, str]
Reason = Callable[[Mapping[str, Any]], str | None]


class Answer(Struct, frozen=True):
    """An answer of the API; `reason` is what the API gives as the cause of a refusal."""

    status: int
    value: dict[str, Any]
    reason: str | None
    response: OutboundResponse

    @property
    def is_success(self) -> bool:
        return 200 <= self.status < 300

    @property
    def failure(self) -> CalendarFailure:
        """The failure that an unsuccessful answer means."""
        return failure_in(self.response) or NotUnderstood(f"it answers {self.status}")


def value_in(answer: Answer | CalendarFailure) -> dict[str, Any] | CalendarFailure:
    """The JSON object of a successful answer, or the failure that the answer means."""
    if not isinstance(answer, Answer):
        return answer
    return answer.value if answer.is_success else answer.failure


def is_not_found(answer: Answer | CalendarFailure) -> bool:
    return isinstance(answer, Answer) and answer.status in (404, 410)


class JsonApi:
    """Sends the requests of one account. `reason_in` finds the cause in an answer that refuses."""

    def __init__(self, http: Http, source: TokenSource, reason_in: Reason) -> None:
        self._http = http
        self._source = source
        self._reason_in = reason_in

    async def send(self, request: OutboundRequest) -> Answer | CalendarFailure:
        """Sends a request. If its token is refused, as it may have expired meanwhile, it is sent
        once more with a new token."""
        token = await self._source.access_token()
        if not isinstance(token, str):
            return token
        answer = await self._send(request, token)
        if isinstance(answer, Answer) and answer.status == 401:
            token = await self._source.access_token(refused=token)
            if not isinstance(token, str):
                return token
            answer = await self._send(request, token)
        return answer

    async def _send(self, request: OutboundRequest, token: str) -> Answer | CalendarFailure:
        headers = {**request.headers, "Authorization": f"Bearer {token}"}
        response = await self._http.send(msgspec.structs.replace(request, headers=headers))
        if isinstance(response, Unreachable):
            return await failure_of(self._http, request.url, response)
        return self._read(response)

    def _read(self, response: OutboundResponse) -> Answer | CalendarFailure:
        is_success = 200 <= response.status < 300
        if is_success and response.is_cut:
            return failure_in(response) or NotUnderstood("it is cut off")
        try:
            value = dict_in(msgspec.json.decode(response.body)) if response.body else {}
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            if is_success:
                return Unanswered("it answers with something that is no JSON")
            value = {}
        return Answer(
            response.status, value, None if is_success else self._reason_in(value), response
        )


class JsonSession(ABC):
    """The requests of one account. One whose scope was not granted gives `ConsentLacks`.
    `preferences` are sent with each of them (RFC 7240)."""

    preferences: ClassVar[tuple[str, ...]] = ()

    def __init__(self, json: JsonApi, api: str) -> None:
        self._json = json
        self._api = api

    async def send(
        self,
        method: str,
        path: str,
        scope: ConsentScope,
        query: Query | None = None,
        value: Mapping[str, Any] | None = None,
        *,
        etag: str | None = None,
        prefer: tuple[str, ...] = (),
    ) -> Answer | CalendarFailure:
        """The answer, with any status. A failure if it says nothing about the request itself: too
        many requests, no valid token, a failing server."""
        url = f"{self._api}/{path}" + (f"?{self.encode(query)}" if query else "")
        return await self.ask(method, url, scope, value, etag=etag, prefer=prefer)

    async def ask(
        self,
        method: str,
        url: str,
        scope: ConsentScope,
        value: Mapping[str, Any] | None = None,
        *,
        etag: str | None = None,
        prefer: tuple[str, ...] = (),
    ) -> Answer | CalendarFailure:
        """The same for a complete URL."""
        wishes = (*self.preferences, *prefer)
        only = {"Prefer": ", ".join(wishes)} if wishes else {}
        only |= {"If-Match": etag} if etag else {}
        answer = await self._json.send(json_request(method, url, value, only))
        if not isinstance(answer, Answer):
            return answer
        return ConsentEnded() if answer.status == 401 else self.judge(answer, method, scope)

    def encode(self, query: Query) -> str:
        return urlencode(query)

    @abstractmethod
    def judge(self, answer: Answer, method: str, scope: ConsentScope) -> Answer | CalendarFailure:
        """The answer, or a failure if it says nothing about the request itself."""


def json_request(
    method: str, url: str, value: Mapping[str, Any] | None, headers: Mapping[str, str]
) -> OutboundRequest:
    """A request with the value as its JSON body, or without a body."""
    is_said = {} if value is None else {"Content-Type": "application/json"}
    return OutboundRequest(
        method=method,
        url=url,
        headers={"Accept": "application/json", **is_said, **headers},
        body=b"" if value is None else msgspec.json.encode(value),
        timeout_seconds=TIMEOUT_SECONDS,
        most_bytes=MOST_BYTES,
    )


def segment(text: str) -> str:
    """The text, encoded as a segment of a path."""
    return quote(text, safe="")
