"""Sends requests to Google's API with a valid token; the answers are JSON or a failure."""

from collections.abc import Mapping
from typing import Any, Final

from kalends.domain.calendars.consent import ConsentScope, TokenSource
from kalends.domain.calendars.failures import (
    CalendarFailure,
    ConsentLacks,
    Unanswered,
)
from kalends.domain.gateways import Http
from kalends.formats.lenient_json import dict_in, list_in
from kalends.gateways.json_api import Answer, JsonApi, JsonSession
from kalends.gateways.redirects import seconds_to_retry

# The quota per minute recovers soon; the quota of a calendar takes longer.
QUOTA_PAUSE_SECONDS: Final = 600.0
LIMITS: Final = frozenset(
    {"rateLimitExceeded", "userRateLimitExceeded", "quotaExceeded", "dailyLimitExceeded"}
)
LACKS: Final = frozenset({"insufficientPermissions", "ACCESS_TOKEN_SCOPE_INSUFFICIENT"})


class GoogleSession(JsonSession):
    """See `JsonSession`."""

    def __init__(self, http: Http, api: str, source: TokenSource) -> None:
        super().__init__(JsonApi(http, source, _reason_in), api)

    def judge(self, answer: Answer, _: str, scope: ConsentScope) -> Answer | CalendarFailure:
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
    requested_pause = seconds_to_retry(answer.response)
    is_long = answer.reason in ("quotaExceeded", "dailyLimitExceeded")
    return Unanswered(
        "there are too many requests",
        QUOTA_PAUSE_SECONDS if requested_pause is None and is_long else requested_pause,
    )
