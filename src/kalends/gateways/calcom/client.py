"""Cal.com over HTTP (its API v2): the one place that knows its URLs, headers, pages and limits.

Strict in what is sent, forgiving in what is read: servers are of many ages.
"""

import json as lenient_json
import random
import time
from collections.abc import AsyncIterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from urllib.parse import quote, urlencode

import msgspec
from msgspec import Struct, structs

from kalends.domain.gateways import Http, OutboundRequest, OutboundResponse, Unreachable
from kalends.domain.imports.sources import (
    BY_CHANGE,
    BY_CREATION,
    AccountIdentity,
    AccountKey,
    Failure,
    Gone,
    KeyRefused,
    NoAnswer,
    SourcePage,
    Trouble,
    Unsupported,
    Walk,
)
from kalends.gateways.calcom.rows import LONGEST, moment_in, uid_in

# Bare and exactly so: without it, or with another, an older API answers and ignores our filters.
BOOKINGS_VERSION: Final = "2024-08-13"
SCHEDULES_VERSION: Final = "2024-06-11"
EVENT_TYPES_VERSION: Final = "2024-06-14"
# What older servers give at most; they refuse to be asked for more.
PAGE: Final = 100
MOST_BYTES: Final = 32_000_000
TIMEOUT_SECONDS: Final = 10.0
BACKOFF_SECONDS: Final = (0.25, 0.5, 1.0, 2.0, 4.0, 8.0)
RATE_LIMIT_SECONDS: Final = 60
LONGEST_RATE_LIMIT_SECONDS: Final = 300
MOST_RATE_LIMITS: Final = 20
# Answers that are no JSON are asked for again so often, as they may have been cut.
MOST_GARBLED: Final = 3
MOST_RESTARTS: Final = 5
RESET_HEADERS: Final = ("x-ratelimit-reset-default", "x-ratelimit-reset", "retry-after")
# What servers answer that do not know the call.
NOT_THERE: Final = (400, 404, 405, 501)
LARGEST_ID: Final = 2**63
LONGEST_EMAIL: Final = 320
FILTERS: Final = {
    BY_CREATION: ("sortCreated", "afterCreatedAt"),
    BY_CHANGE: ("sortUpdatedAt", "afterUpdatedAt"),
}


class _Said(Struct, frozen=True):
    """The JSON of a 2xx answer."""

    value: Any
    asked_at: datetime


class CalcomAccount:
    """One account, asked over `http`."""

    def __init__(self, http: Http, key: AccountKey) -> None:
        self._http = http
        self._key = key
        self._trouble = _Met.of(key.trouble)

    async def look(self) -> Failure | None:
        said = await self._get("/bookings", {"take": "1"}, BOOKINGS_VERSION)
        found = _list_in(said)
        return None if isinstance(found, list) else found

    async def walk(self, walk: Walk) -> AsyncIterator[SourcePage | Failure]:
        """See `Account`: by key, until a page is empty or says that it is the last."""
        here: Walk | None = walk
        while here is not None:
            said = await self._get("/bookings", _query(here), BOOKINGS_VERSION)
            rows = _list_in(said)
            if not isinstance(rows, list):
                yield rows
                return
            assert isinstance(said, _Said)
            pagination = said.value.get("pagination")
            pagination = pagination if isinstance(pagination, dict) else {}
            here = _after(here, rows, pagination)
            total = pagination.get("totalItems")
            yield SourcePage(
                rows=rows,
                asked_at=said.asked_at,
                next=here,
                total=total if isinstance(total, int) else None,
            )

    async def find(self, uid: str) -> SourcePage | Gone | Failure:
        said = await self._get(f"/bookings/{quote(uid, safe='')}", {}, BOOKINGS_VERSION, (404,))
        if not isinstance(said, _Said):
            unsaid: Gone | Failure = said
            return unsaid
        data = said.value.get("data") if isinstance(said.value, dict) else None
        rows = [row for row in (data if isinstance(data, list) else [data]) if uid_in(row) == uid]
        if not rows:
            return Unsupported("Cal.com answers a question for one booking with something else.")
        return SourcePage(rows=rows[:1], asked_at=said.asked_at, next=None, total=1)

    async def who(self) -> AccountIdentity | Failure | None:
        said = await self._get("/me", {}, BOOKINGS_VERSION, NOT_THERE)
        if isinstance(said, Gone | Unsupported):
            return None
        if not isinstance(said, _Said):
            failure: Failure = said
            return failure
        data = said.value.get("data") if isinstance(said.value, dict) else None
        id_ = data.get("id") if isinstance(data, dict) else None
        if not isinstance(id_, int) or not 0 <= id_ < LARGEST_ID:
            return None
        email = data.get("email") if isinstance(data, dict) else None
        return AccountIdentity(
            id_, email.lower()[:LONGEST_EMAIL] if isinstance(email, str) else None
        )

    async def list_schedules(self) -> list[Any] | Failure:
        return _list_in(await self._get("/schedules", {}, SCHEDULES_VERSION))

    async def list_event_types(self) -> list[Any] | Failure:
        return _list_in(await self._get("/event-types", {}, EVENT_TYPES_VERSION))

    async def _get(
        self, path: str, query: Mapping[str, str], version: str, gone: tuple[int, ...] = ()
    ) -> Any:
        """`_Said`, `Gone` for a status in `gone`, or a failure. It waits where Cal.com says so,
        and asks again after what may pass, for as long as the key's patience: from the first
        request that was not answered, whoever sent it."""
        met = self._trouble
        while True:
            await self._pause(0)
            met.begin()
            answer, asked_at = await self._send(path, query, version)
            if isinstance(answer, OutboundResponse) and answer.status == 429:
                met.answered_with_limit()
                if met.limits > MOST_RATE_LIMITS:
                    return NoAnswer("Cal.com says again and again that there are too many requests")
                await self._pause(_seconds_to_reset(answer))
                continue
            judged = _judge(answer, asked_at, gone)
            if not isinstance(judged, _Passing | _Garbled):
                met.answered()
                return judged
            delay = met.failed(judged)
            left = self._key.patience_seconds - met.silence
            if met.garbled >= MOST_GARBLED:
                return Unsupported(judged.reason)
            if left <= 0:
                return NoAnswer(judged.reason)
            await self._pause(min(delay, left))

    async def _pause(self, seconds: float) -> None:
        await self._key.pause(seconds, self._trouble.told())

    async def _send(
        self, path: str, query: Mapping[str, str], version: str
    ) -> tuple[OutboundResponse | Unreachable, datetime]:
        asked_at = datetime.now(UTC)
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
        return await self._http.send(request), asked_at


class _Met:
    """The trouble so far, by the clock of this process."""

    def __init__(self) -> None:
        self.tries = self.limits = self.garbled = 0
        self._silent_since: float | None = None
        self._began = 0.0

    @classmethod
    def of(cls, trouble: Trouble) -> "_Met":
        met = cls()
        met.tries, met.limits, met.garbled = trouble.tries, trouble.limits, trouble.garbled
        if trouble.silent_seconds is not None:
            met._silent_since = time.monotonic() - trouble.silent_seconds
        return met

    @property
    def silence(self) -> float:
        """The seconds since the first request that was not answered."""
        return 0.0 if self._silent_since is None else time.monotonic() - self._silent_since

    def told(self) -> Trouble:
        return Trouble(
            silent_seconds=None if self._silent_since is None else self.silence,
            tries=self.tries,
            limits=self.limits,
            garbled=self.garbled,
        )

    def begin(self) -> None:
        self._began = time.monotonic()

    def answered(self) -> None:
        self.tries = self.limits = self.garbled = 0
        self._silent_since = None

    def answered_with_limit(self) -> None:
        self.limits += 1
        self.tries = 0
        self._silent_since = None

    def failed(self, how: "_Passing | _Garbled") -> float:
        """The seconds until it is worth while to ask again."""
        if self._silent_since is None:
            self._silent_since = self._began
        self.garbled += isinstance(how, _Garbled)
        self.tries += 1
        number = min(self.tries, len(BACKOFF_SECONDS)) - 1
        return BACKOFF_SECONDS[number] * random.uniform(0.8, 1.2)


class _Passing(Struct, frozen=True):
    """What may be otherwise the next time."""

    reason: str


class _Garbled(Struct, frozen=True):
    """An answer that is no JSON."""

    reason: str


def _judge(
    answer: OutboundResponse | Unreachable, asked_at: datetime, gone: tuple[int, ...]
) -> Any:
    if isinstance(answer, Unreachable):
        return NoAnswer(answer.reason) if answer.is_refused else _Passing(answer.reason)
    status = answer.status
    if status in (401, 403):
        return KeyRefused()
    if status in gone:
        return Gone()
    if status >= 500 or status in (408, 409, 425):
        return _Passing(f"it answers {status}")
    if not 200 <= status < 300:
        return Unsupported(f"Cal.com answers {status} where bookings should be. Check baseUrl.")
    if answer.is_cut:
        return Unsupported(f"A page of Cal.com is larger than {MOST_BYTES} bytes.")
    try:
        return _Said(_decode(answer.body), asked_at)
    except (ValueError, RecursionError):
        return _Garbled("What answers there is not the API of Cal.com. Check baseUrl.")


def _decode(body: bytes) -> Any:
    """Quickly; and where the strict decoder refuses a character, with patience."""
    try:
        return msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return lenient_json.loads(body.decode(errors="replace"))


def _list_in(said: Any) -> list[Any] | Failure:
    """The list in `data`: where there is none, another API answers, and nothing is believed."""
    if not isinstance(said, _Said):
        failure: Failure = said
        return failure
    data = said.value.get("data") if isinstance(said.value, dict) else None
    if isinstance(data, list):
        return data
    return Unsupported(
        f"Cal.com does not answer as its API of {BOOKINGS_VERSION} does: an older server, or not "
        "the right baseUrl."
    )


def _seconds_to_reset(answer: OutboundResponse) -> float:
    for name in RESET_HEADERS:
        text = answer.headers.get(name, "").strip()
        if text.isascii() and text.isdigit():
            return min(float(text), LONGEST_RATE_LIMIT_SECONDS) + random.uniform(0.05, 0.25)
    return RATE_LIMIT_SECONDS


def _query(walk: Walk) -> dict[str, str]:
    sort, after = FILTERS[walk.by]
    query = {sort: "asc", "take": str(PAGE), "skip": str(walk.skip)}
    if walk.after is not None:
        query[after] = _iso(walk.after)
    if walk.starts_from is not None:
        query["afterStart"] = _iso(walk.starts_from)
    if walk.starts_until is not None:
        # It bounds the end there: the longest booking that begins in time has to fit.
        query["beforeEnd"] = _iso(walk.starts_until + LONGEST)
    return query


def _iso(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _after(walk: Walk, rows: list[Any], pagination: Mapping[str, Any]) -> Walk | None:
    """Where to go on after these rows; None at the end."""
    if not rows:
        return None
    if pagination.get("hasNextPage") is False and len(rows) < PAGE:
        return None
    keys = [moment_in(row.get(walk.by)) for row in rows if isinstance(row, dict)]
    last = max((key for key in keys if key is not None), default=None)
    if last is not None and (walk.after is None or last > walk.after):
        return structs.replace(walk, after=_milliseconds(last), skip=0, last_uid=None, restarts=0)
    return _within_a_moment(walk, rows, pagination)


def _milliseconds(moment: datetime) -> datetime:
    return moment - timedelta(microseconds=moment.microsecond % 1000)


def _within_a_moment(walk: Walk, rows: list[Any], pagination: Mapping[str, Any]) -> Walk | None:
    """All rows have the key that was asked for (or none): they are counted. The last one is asked
    for again; where it is not shown, rows before it have gone, and the moment begins anew."""
    uids = [uid_in(row) for row in rows]
    if walk.last_uid is not None and walk.last_uid not in uids and walk.restarts < MOST_RESTARTS:
        return structs.replace(walk, skip=0, last_uid=None, restarts=walk.restarts + 1)
    if walk.last_uid is not None and uids == [walk.last_uid]:
        if pagination.get("hasNextPage") is not True:
            return None
        return structs.replace(walk, skip=walk.skip + 1, last_uid=None)
    forward = len(rows) - 1 if uids[-1] is not None else len(rows)
    if forward < 1:
        return structs.replace(walk, skip=walk.skip + 1, last_uid=None)
    return structs.replace(walk, skip=walk.skip + forward, last_uid=uids[-1])
