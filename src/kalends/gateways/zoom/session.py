"""Sends requests to Zoom's API with a valid token; the answers are JSON or a failure."""

import base64
import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any, Final
from urllib.parse import urlencode

import msgspec
from msgspec import Struct, structs

from kalends.domain.gateways import Http, OutboundRequest, OutboundResponse, Unreachable
from kalends.domain.video import VideoFailed, ZoomLogin, ZoomToken, ZoomTokens
from kalends.formats.lenient_json import dict_in, life_in, line_in
from kalends.gateways.redirects import seconds_to_retry

SIGN_IN: Final = "https://zoom.us/oauth/token"
API: Final = "https://api.zoom.us/v2"
TIMEOUT_SECONDS: Final = 10.0
MOST_BYTES: Final = 2_000_000
LONGEST_MESSAGE: Final = 200
TOKEN: Final = re.compile(r"[!-~]{1,10000}")
# The pause if the account or user is at its daily limit, and the answer does not say how long.
LIMIT_PAUSE: Final = timedelta(minutes=1)
REFUSED: Final = "Zoom refuses the credentials"
LACKS_SCOPE: Final = "the application at Zoom lacks a scope"
# Zoom's codes for an application that lacks a scope, and for one that is deactivated.
SCOPE_CODES: Final = frozenset({4700, 4711, 104})


class ZoomAnswer(Struct, frozen=True):
    """An answer of the API; `code` is Zoom's, if it refuses."""

    status: int
    value: dict[str, Any]
    code: int | None

    @property
    def is_success(self) -> bool:
        return 200 <= self.status < 300

    @property
    def failure(self) -> VideoFailed:
        """The failure that an unsuccessful answer means, which is permanent."""
        said = line_in(self.value.get("message"), LONGEST_MESSAGE)
        words = f": {said}" if said else ""
        return VideoFailed(
            reason=f"Zoom answers {self.status}{words}", is_refused=True, is_final=True
        )


async def ask_token(http: Http, sign_in: str, login: ZoomLogin) -> ZoomToken | VideoFailed:
    """A new token, which lasts for about an hour."""
    query = {"grant_type": "account_credentials", "account_id": login.account_id}
    basic = base64.b64encode(f"{login.client_id}:{login.client_secret}".encode()).decode()
    response = await http.send(
        OutboundRequest(
            method="POST",
            url=f"{sign_in}?{urlencode(query)}",
            headers={"Authorization": f"Basic {basic}", "Accept": "application/json"},
            timeout_seconds=TIMEOUT_SECONDS,
        )
    )
    answer = _answer(response)
    if isinstance(answer, VideoFailed):
        return structs.replace(answer, is_refused=True)
    said, seconds = answer.value.get("access_token"), life_in(answer.value.get("expires_in"))
    token = said if isinstance(said, str) and TOKEN.fullmatch(said) else None
    if answer.is_success and token is not None and seconds is not None:
        return ZoomToken(token, seconds)
    return VideoFailed(reason=REFUSED, is_refused=True, is_final=True)


class ZoomSession:
    """The requests of one account, with its tokens."""

    def __init__(self, http: Http, api: str, tokens: ZoomTokens) -> None:
        self._http = http
        self._api = api
        self._tokens = tokens

    async def send(
        self,
        method: str,
        path: str,
        query: Mapping[str, str] | None = None,
        value: Mapping[str, Any] | None = None,
    ) -> ZoomAnswer | VideoFailed:
        """The answer, with any status that is about the request itself. If the token is refused, as
        it may have expired meanwhile, the request is sent once more with a new one."""
        request = OutboundRequest(
            method=method,
            url=f"{self._api}/{path}" + (f"?{urlencode(query)}" if query else ""),
            headers={"Accept": "application/json"}
            | ({"Content-Type": "application/json"} if value is not None else {}),
            body=b"" if value is None else msgspec.json.encode(value),
            timeout_seconds=TIMEOUT_SECONDS,
            most_bytes=MOST_BYTES,
        )
        token = await self._tokens.token()
        answer = token if isinstance(token, VideoFailed) else await self._send(request, token)
        if isinstance(token, str) and isinstance(answer, ZoomAnswer) and answer.status == 401:
            token = await self._tokens.token(refused=token)
            answer = token if isinstance(token, VideoFailed) else await self._send(request, token)
        if not isinstance(answer, ZoomAnswer):
            return answer
        if answer.code in SCOPE_CODES:
            return VideoFailed(reason=LACKS_SCOPE, is_refused=True, is_final=True)
        if answer.status == 401:
            return VideoFailed(reason=REFUSED, is_refused=True, is_final=True)
        return answer

    async def _send(self, request: OutboundRequest, token: str) -> ZoomAnswer | VideoFailed:
        headers = {**request.headers, "Authorization": f"Bearer {token}"}
        return _answer(await self._http.send(structs.replace(request, headers=headers)))


def _answer(response: OutboundResponse | Unreachable) -> ZoomAnswer | VideoFailed:
    if isinstance(response, Unreachable):
        return VideoFailed(reason=f"Zoom: {response.reason}", is_refused=response.is_refused)
    if response.status == 429:
        return VideoFailed(
            reason="Zoom says that there are too many requests",
            is_refused=True,
            after=_pause_in(response),
        )
    if response.status >= 500 or response.status == 408:
        return VideoFailed(reason=f"Zoom answers {response.status}", after=_wait(response))
    try:
        value = dict_in(msgspec.json.decode(response.body)) if response.body else {}
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        if 200 <= response.status < 300:
            return VideoFailed(reason="Zoom answers with something that is no JSON")
        value = {}
    code = value.get("code")
    return ZoomAnswer(response.status, value, code if isinstance(code, int) else None)


def _pause_in(response: OutboundResponse) -> timedelta:
    """How long to wait: given in seconds, or as an instant, as Zoom does for the daily limit."""
    wait = _wait(response)
    if wait is not None:
        return wait
    try:
        then = datetime.fromisoformat(response.headers.get("retry-after", ""))
        now = parsedate_to_datetime(response.headers.get("date", ""))
        wait = then.replace(tzinfo=then.tzinfo or UTC) - now.replace(tzinfo=UTC)
    except ValueError:
        return LIMIT_PAUSE
    return min(max(wait, LIMIT_PAUSE), timedelta(days=1))


def _wait(response: OutboundResponse) -> timedelta | None:
    seconds = seconds_to_retry(response)
    return None if seconds is None else timedelta(seconds=seconds)
