"""Sends requests to Google's API with a valid token; the answers are JSON or a failure."""

from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import urlencode

from kalends.domain.calendars.consent import ConsentScope, TokenSource
from kalends.domain.calendars.failures import (
    CalendarFailure,
    ConsentEnded,
    ConsentLacks,
    Unanswered,
)
from kalends.domain.gateways import Http
from kalends.formats.lenient_json import dict_in, list_in
from kalends.gateways.json_api import Answer, JsonApi, json_request
from kalends.gateways.redirects import seconds_to_retry

# The quota per minute recovers soon; the quota of a calendar takes longer.
QUOTA_PAUSE_SECONDS: Final = 600.0
LIMITS: Final = frozenset(
    {"rateLimitExceeded", "userRateLimitExceeded", "quotaExceeded", "dailyLimitExceeded"}
)
LACKS: Final = frozenset({"insufficientPermissions", "ACCESS_TOKEN_SCOPE_INSUFFICIENT"})
Query = Mapping[str, str]


class GoogleSession:
    """The requests of one account. One whose scope was not granted gives `ConsentLacks`."""

    def __init__(self, http: Http, api: str, source: TokenSource) -> None:
        self._json = JsonApi(http, source, _reason_in)
        self._api = api

    async def send(
        self,
        method: str,
        path: str,
        scope: ConsentScope,
        query: Query | None = None,
        value: Mapping[str, Any] | None = None,
        etag: str | None = None,
    ) -> Answer | CalendarFailure:
        """The answer, with any status. A failure if it says nothing about the request itself: too
        many requests, no valid token, a failing server."""
        url = f"{self._api}/{path}" + (f"?{urlencode(query)}" if query else "")
        only = {"If-Match": etag} if etag else {}
        answer = await self._json.send(json_request(method, url, value, only))
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
