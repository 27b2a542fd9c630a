"""An account at Cal.com over HTTP (its API v2): URLs, headers, versions, answers.

It is strict in what it sends and lenient in what it reads, as servers have many different versions.
"""

import json as lenient_json
from collections.abc import AsyncIterator, Mapping
from datetime import UTC, datetime
from typing import Any, Final
from urllib.parse import quote, urlencode

import msgspec
from msgspec import Struct

from kalends.domain.gateways import Http, OutboundRequest, OutboundResponse, Unreachable
from kalends.domain.imports.setup import SourceEventType, SourceSchedule, UnusableSetup
from kalends.domain.imports.sources import (
    AccountFailure,
    AccountIdentity,
    AccountKey,
    KeyRefused,
    NoAnswer,
    RowGone,
    SourcePage,
    Unsupported,
    Walk,
)
from kalends.formats.lenient_json import dict_in, whole_in
from kalends.gateways.calcom.failures import (
    GarbledAnswer,
    PassingFailure,
    TroubleMeter,
    seconds_to_reset,
)
from kalends.gateways.calcom.paging import query_of, walk_after
from kalends.gateways.calcom.rows import uid_in
from kalends.gateways.calcom.setup import read_event_type, read_schedule

# The version header of each call. It has to be exactly this: without it, or with another one, an
# older API answers, which ignores our filters.
BOOKINGS_VERSION, SCHEDULES_VERSION, EVENT_TYPES_VERSION = "2024-08-13", "2024-06-11", "2024-06-14"
MOST_BYTES: Final = 32_000_000
TIMEOUT_SECONDS: Final = 10.0
MOST_RATE_LIMITS: Final = 20
# How often a request is repeated if its answer is not JSON, as it may have been cut off.
MOST_GARBLED: Final = 3
# The statuses with which servers answer calls that they do not know.
NOT_THERE: Final = (400, 404, 405, 501)
LARGEST_ID: Final = 2**63
LONGEST_EMAIL: Final = 320


class _Answer(Struct, frozen=True):
    """The JSON of a 2xx answer, and when it was requested."""

    value: Any
    requested_at: datetime

    @property
    def data(self) -> Any:
        return dict_in(self.value).get("data")


class CalcomAccount:
    """One account at Cal.com, reached over `http`."""

    def __init__(self, http: Http, key: AccountKey) -> None:
        self._http = http
        self._key = key
        self._meter = TroubleMeter(key.trouble)

    async def check(self) -> AccountFailure | None:
        bookings = _list_in(await self._get("/bookings", {"take": "1"}, BOOKINGS_VERSION))
        return None if isinstance(bookings, list) else bookings

    async def identify(self) -> AccountIdentity | AccountFailure | None:
        answer = await self._get("/me", {}, BOOKINGS_VERSION, NOT_THERE)
        if isinstance(answer, RowGone | Unsupported):
            return None
        if not isinstance(answer, _Answer):
            return answer
        data = dict_in(answer.data)
        number, email = data.get("id"), data.get("email")
        if not isinstance(number, int) or not 0 <= number < LARGEST_ID:
            return None
        return AccountIdentity(
            number, email.lower()[:LONGEST_EMAIL] if isinstance(email, str) else None
        )

    async def iterate_pages(self, walk: Walk) -> AsyncIterator[SourcePage | AccountFailure]:
        """See `SourceAccount`. Walks by key, until a page is empty or says that it is the last."""
        position: Walk | None = walk
        while position is not None:
            answer = await self._get("/bookings", query_of(position), BOOKINGS_VERSION)
            rows = _list_in(answer)
            if not isinstance(rows, list):
                yield rows
                return
            assert isinstance(answer, _Answer)
            pagination = dict_in(answer.value.get("pagination"))
            position = walk_after(position, rows, pagination)
            yield SourcePage(
                rows=rows,
                requested_at=answer.requested_at,
                next=position,
                total=whole_in(pagination.get("totalItems")),
            )

    async def find_booking(self, uid: str) -> SourcePage | RowGone | AccountFailure:
        path = f"/bookings/{quote(uid, safe='')}"
        answer = await self._get(path, {}, BOOKINGS_VERSION, (404,))
        if not isinstance(answer, _Answer):
            return answer
        data = answer.data if isinstance(answer.data, list) else [answer.data]
        rows = [row for row in data if uid_in(row) == uid]
        if not rows:
            return Unsupported("Cal.com answers a question for one booking with something else.")
        return SourcePage(rows=rows[:1], requested_at=answer.requested_at, next=None, total=1)

    async def list_schedules(self) -> list[SourceSchedule | UnusableSetup] | AccountFailure:
        listed = _list_in(await self._get("/schedules", {}, SCHEDULES_VERSION))
        return [read_schedule(value) for value in listed] if isinstance(listed, list) else listed

    async def list_event_types(self) -> list[SourceEventType | UnusableSetup] | AccountFailure:
        listed = _list_in(await self._get("/event-types", {}, EVENT_TYPES_VERSION))
        return [read_event_type(value) for value in listed] if isinstance(listed, list) else listed

    async def _get(
        self,
        path: str,
        query: Mapping[str, str],
        version: str,
        gone_statuses: tuple[int, ...] = (),
    ) -> _Answer | RowGone | AccountFailure:
        """The answer; `RowGone` for a status in `gone_statuses`.

        It waits if Cal.com asks for it, and retries after failures that may pass. It gives up
        `give_up_after_seconds` after the first unanswered request with the account's key, whichever
        process has sent that.
        """
        meter = self._meter
        while True:
            await self._pause(0)
            meter.begin()
            response, requested_at = await self._send(path, query, version)
            if isinstance(response, OutboundResponse) and response.status == 429:
                meter.answered_with_limit()
                if meter.limits > MOST_RATE_LIMITS:
                    return NoAnswer("Cal.com says again and again that there are too many requests")
                await self._pause(seconds_to_reset(response))
                continue
            answer = _read_response(response, requested_at, gone_statuses)
            if not isinstance(answer, PassingFailure | GarbledAnswer):
                meter.answered()
                return answer
            delay = meter.failed(answer)
            seconds_left = self._key.give_up_after_seconds - meter.silent_seconds
            if meter.garbled >= MOST_GARBLED:
                return Unsupported(answer.reason)
            if seconds_left <= 0:
                return NoAnswer(answer.reason)
            await self._pause(min(delay, seconds_left))

    async def _pause(self, seconds: float) -> None:
        await self._key.pause(seconds, self._meter.trouble)

    async def _send(
        self, path: str, query: Mapping[str, str], version: str
    ) -> tuple[OutboundResponse | Unreachable, datetime]:
        requested_at = datetime.now(UTC)
        url = self._key.base_url.rstrip("/") + path
        headers = {
            "authorization": f"Bearer {self._key.api_key}",
            "cal-api-version": version,
            "accept": "application/json",
        }
        request = OutboundRequest(
            method="GET",
            url=f"{url}?{urlencode(query)}" if query else url,
            headers=headers,
            timeout_seconds=TIMEOUT_SECONDS,
            most_bytes=MOST_BYTES,
        )
        return await self._http.send(request), requested_at


def _read_response(
    response: OutboundResponse | Unreachable, requested_at: datetime, gone_statuses: tuple[int, ...]
) -> _Answer | RowGone | AccountFailure | PassingFailure | GarbledAnswer:
    if isinstance(response, Unreachable):
        reason = response.reason
        return NoAnswer(reason) if response.is_refused else PassingFailure(reason)
    status = response.status
    if status in (401, 403):
        return KeyRefused()
    if status in gone_statuses:
        return RowGone()
    if status >= 500 or status in (408, 409, 425):
        return PassingFailure(f"it answers {status}")
    if not 200 <= status < 300:
        return Unsupported(f"Cal.com answers {status} where bookings should be. Check baseUrl.")
    if response.is_cut:
        return Unsupported(f"A page of Cal.com is larger than {MOST_BYTES} bytes.")
    try:
        return _Answer(_decode(response.body), requested_at)
    except (ValueError, RecursionError):
        return GarbledAnswer("What answers there is not the API of Cal.com. Check baseUrl.")


def _decode(body: bytes) -> Any:
    """The JSON of a body: by a fast decoder or, if that refuses a character, by a lenient one."""
    try:
        return msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return lenient_json.loads(body.decode(errors="replace"))


def _list_in(answer: _Answer | RowGone | AccountFailure) -> list[Any] | AccountFailure:
    """The list in `data`. Without one it was another API that answered, which is a failure."""
    if isinstance(answer, _Answer) and isinstance(answer.data, list):
        rows: list[Any] = answer.data
        return rows
    if isinstance(answer, _Answer | RowGone):
        return Unsupported(
            f"Cal.com does not answer as its API of {BOOKINGS_VERSION} does: an older server, "
            "or not the right baseUrl."
        )
    return answer
