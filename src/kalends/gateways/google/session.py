"""Requests to Google's API: with a token that is valid, their answers as JSON or as a failure."""

from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import quote, urlencode

import msgspec
from msgspec import Struct

from kalends.domain.calendars.consent import ConsentScope, TokenSource
from kalends.domain.calendars.failures import (
    CalendarFailure,
    ConsentEnded,
    ConsentLacks,
    NotUnderstood,
    Unanswered,
)
from kalends.domain.gateways import Http, OutboundRequest, OutboundResponse, Unreachable
from kalends.formats.lenient_json import dict_in, list_in
from kalends.gateways.redirects import failure_in, failure_of, seconds_to_retry

TIMEOUT_SECONDS: Final = 60.0
MOST_BYTES: Final = 32_000_000
# What a minute's quota is exhausted by passes soon; the quota of a calendar takes longer.
QUOTA_PAUSE_SECONDS: Final = 600.0
LIMITS: Final = frozenset(
    {"rateLimitExceeded", "userRateLimitExceeded", "quotaExceeded", "dailyLimitExceeded"}
)
LACKS: Final = frozenset({"insufficientPermissions", "ACCESS_TOKEN_SCOPE_INSUFFICIENT"})
Query = Mapping[str, str]


class Answer(Struct, frozen=True):
    """An answer of the API; `reason` is what it names where it refuses."""

    status: int
    value: dict[str, Any]
    reason: str | None
    response: OutboundResponse

    @property
    def is_success(self) -> bool:
        return 200 <= self.status < 300

    @property
    def failure(self) -> CalendarFailure:
        """Of one that is no success."""
        return failure_in(self.response) or NotUnderstood(f"it answers {self.status}")


class GoogleSession:
    """One account's requests. What it needs for them, if not granted, is `ConsentLacks`."""

    def __init__(
        self, http: Http, api: str, source: TokenSource, seconds: float = TIMEOUT_SECONDS
    ) -> None:
        self._http = http
        self._api = api
        self._source = source
        self._seconds = seconds

    async def send(
        self,
        method: str,
        path: str,
        scope: ConsentScope,
        query: Query | None = None,
        value: Mapping[str, Any] | None = None,
        etag: str | None = None,
    ) -> Answer | CalendarFailure:
        """The answer, whatever its status, but where it says nothing about the request: too many of
        them, no valid token, a server that fails."""
        request = OutboundRequest(
            method=method,
            url=f"{self._api}/{path}" + (f"?{urlencode(query)}" if query else ""),
            headers={"Accept": "application/json"}
            | ({"Content-Type": "application/json"} if value is not None else {})
            | ({"If-Match": etag} if etag else {}),
            body=b"" if value is None else msgspec.json.encode(value),
            timeout_seconds=self._seconds,
            most_bytes=MOST_BYTES,
        )
        answer = await self._send_with_token(request)
        if not isinstance(answer, Answer):
            return answer
        if answer.status == 401:
            return ConsentEnded()
        if answer.status in (403, 429):
            if answer.status == 429 or answer.reason in LIMITS:
                return _too_many(answer)
            if answer.reason in LACKS:
                return ConsentLacks(scope.words)
        return answer if answer.status < 500 else answer.failure

    async def _send_with_token(self, request: OutboundRequest) -> Answer | CalendarFailure:
        """With another token, once, where the first is refused: it may have ended meanwhile."""
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
        came = await self._http.send(msgspec.structs.replace(request, headers=headers))
        if isinstance(came, Unreachable):
            return await failure_of(self._http, request.url, came)
        return _read(came)


def segment(text: str) -> str:
    """A part of a path."""
    return quote(text, safe="")


def _read(came: OutboundResponse) -> Answer | CalendarFailure:
    is_success = 200 <= came.status < 300
    if is_success and came.is_cut:
        return failure_in(came) or NotUnderstood("it is cut off")
    try:
        value = dict_in(msgspec.json.decode(came.body)) if came.body else {}
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        if is_success:
            return Unanswered("it answers with something that is no JSON")
        value = {}
    return Answer(came.status, value, None if is_success else _reason_in(value), came)


def _reason_in(value: Mapping[str, Any]) -> str | None:
    error = dict_in(value.get("error"))
    for one in (*list_in(error.get("details")), *list_in(error.get("errors"))):
        reason = dict_in(one).get("reason")
        if isinstance(reason, str):
            return reason
    return None


def _too_many(answer: Answer) -> Unanswered:
    asked = seconds_to_retry(answer.response)
    is_long = answer.reason in ("quotaExceeded", "dailyLimitExceeded")
    return Unanswered(
        "there are too many requests", QUOTA_PAUSE_SECONDS if asked is None and is_long else asked
    )
