"""Sends requests to Graph in turns, with a valid token; the answers are JSON or a failure.

https://learn.microsoft.com/en-us/graph/api/resources/event
"""

from collections.abc import Collection, Mapping
from typing import Any, Final
from urllib.parse import quote, urlencode

from kalends.domain.calendars.consent import ConsentScope, TokenSource
from kalends.domain.calendars.failures import (
    CalendarFailure,
    ConsentLacks,
    NotUnderstood,
)
from kalends.domain.gateways import Http, OutboundRequest, OutboundResponse, Unreachable
from kalends.formats.lenient_json import dict_in
from kalends.gateways.json_api import Answer, JsonApi, JsonSession, Query
from kalends.gateways.microsoft.places import CALENDARS_SCOPE, READ_ALONE
from kalends.gateways.microsoft.turns import RequestTurns

# Sent with each request: ids that do not change when an event is moved, and times in UTC, so that
# no Windows zone names are needed.
ALWAYS: Final = ('IdType="ImmutableId"', 'outlook.timezone="UTC"')


class InTurn:
    """HTTP that waits for the account's turn before each request. See `Http`."""

    def __init__(self, http: Http, turns: RequestTurns) -> None:
        self._http = http
        self._turns = turns

    async def find_fault(self, url: str) -> str | None:
        return await self._http.find_fault(url)

    async def send(self, request: OutboundRequest) -> OutboundResponse | Unreachable:
        async with self._turns.turn(request.headers.get("Authorization", "")):
            return await self._http.send(request)

    async def close(self) -> None:
        await self._http.close()


class MicrosoftSession(JsonSession):
    """See `JsonSession`."""

    preferences = ALWAYS

    def __init__(
        self, http: InTurn, api: str, source: TokenSource, granted: Collection[str]
    ) -> None:
        super().__init__(JsonApi(http, source, _reason_in), api)
        self._granted = granted

    async def follow(
        self, url: str, scope: ConsentScope, prefer: tuple[str, ...] = ()
    ) -> Answer | CalendarFailure:
        """Goes on with a list where its last page says; nowhere but at Graph itself."""
        if not url.startswith(f"{self._api}/"):
            return NotUnderstood("a list goes on at another address")
        return await self.ask("GET", url, scope, prefer=prefer)

    def encode(self, query: Query) -> str:
        return urlencode(query, safe="$,", quote_via=quote)

    def judge(self, answer: Answer, method: str, scope: ConsentScope) -> Answer | CalendarFailure:
        if answer.status == 403 and not self._is_covered(method, scope):
            return ConsentLacks(scope.words)
        is_said = answer.status != 429 and answer.status < 500
        return answer if is_said else answer.failure

    def _is_covered(self, method: str, scope: ConsentScope) -> bool:
        """Whether the consent covers the request, so that a refusal is about the calendar."""
        is_read = method == "GET" and scope is CALENDARS_SCOPE and READ_ALONE in self._granted
        return is_read or scope.name in self._granted


def _reason_in(value: Mapping[str, Any]) -> str | None:
    code = dict_in(value.get("error")).get("code")
    return code if isinstance(code, str) else None
