"""Calendar files as a provider: an account with one calendar of one object, which is the file.

The URL of a file is a secret, so the calendar's name is a constant word and not the URL.
"""

import asyncio
from typing import Final

from msgspec import Struct

from kalends.domain.calendars.accounts import (
    DISCOVERY_SECONDS,
    CalendarAccess,
    CalendarLogin,
    Discovery,
    KnownEtags,
    RemoteCalendar,
)
from kalends.domain.calendars.failures import (
    CalendarFailure,
    CalendarGone,
    NotAllowed,
    NotUnderstood,
    ObjectGone,
    TokenRefused,
    Unanswered,
)
from kalends.domain.calendars.readings import CalendarObject, Changes, FullReading, ReadingWindow
from kalends.domain.gateways import Http, OutboundRequest
from kalends.gateways.ics.files import CalendarFile, read_file
from kalends.gateways.redirects import Landed, failure_in, follow
from kalends.gateways.targets import entered_url
from kalends.gateways.tokens import decode_token, encode_token, text_to_keep

MOST_BYTES: Final = 10_000_000
TIMEOUT_SECONDS: Final = 60.0
LONGEST_VALIDATOR: Final = 500
CALENDAR: Final = "calendar"
HREF: Final = "calendar.ics"
# The schemes that calendar programs use in the URLs that they publish.
SCHEMES: Final = {"webcal": "https", "webcals": "https"}
ONLY_READ: Final = NotAllowed("a calendar file can only be read")
NOT_SEARCHED: Final = NotUnderstood("a calendar file is not searched")


class _Version(Struct, frozen=True):
    """The version of the file that was read: the server's validators, and what we found in it."""

    digest: str
    events: int
    etag: str | None = None
    modified: str | None = None


class _Fetched(Struct, frozen=True):
    file: CalendarFile
    version: _Version


class _Unchanged(Struct, frozen=True):
    """The file has not changed since the version that we named (304)."""


class IcsProvider:
    """Calendar files over `http`."""

    def __init__(self, http: Http) -> None:
        self._http = http

    def open_account(self, login: CalendarLogin) -> "IcsAccount":
        return IcsAccount(self._http, login)


class IcsAccount:
    """See `CalendarAccount`. Nothing can be written."""

    def __init__(self, http: Http, login: CalendarLogin) -> None:
        self._http = http
        self._url = entered_url(login.url, SCHEMES)

    async def discover(self) -> Discovery | CalendarFailure:
        fetched = await self._fetch(seconds=DISCOVERY_SECONDS)
        if not isinstance(fetched, _Fetched):
            return _answered(fetched)
        return Discovery(principal=None, homes=(), calendars=[_calendar_of(fetched.file)])

    async def list_calendars(self) -> list[RemoteCalendar] | CalendarFailure:
        discovery = await self.discover()
        return discovery.calendars if isinstance(discovery, Discovery) else discovery

    async def read_all(
        self, calendar_url: str, window: ReadingWindow
    ) -> FullReading | CalendarFailure:
        """Reads the whole file, whatever the window is."""
        fetched = await self._fetch()
        if not isinstance(fetched, _Fetched):
            return _answered(fetched)
        return FullReading(
            objects=[_object_of(fetched.file)],
            token=encode_token(fetched.version),
            refresh_seconds=fetched.file.refresh_seconds,
        )

    async def read_changes(
        self, calendar_url: str, token: str
    ) -> Changes | TokenRefused | CalendarFailure:
        before = decode_token(token, _Version)
        if before is None:
            return TokenRefused("the token is none of ours")
        fetched = await self._fetch(before)
        if isinstance(fetched, _Unchanged):
            return Changes(changed=[], removed=[], token=token)
        if not isinstance(fetched, _Fetched):
            return fetched
        return _changes(fetched, before.digest, before.events)

    async def compare_all(
        self, calendar_url: str, known: KnownEtags, window: ReadingWindow
    ) -> Changes | CalendarFailure:
        """Reads the whole file unconditionally, as some servers always say that it is unchanged."""
        fetched = await self._fetch()
        if not isinstance(fetched, _Fetched):
            return _answered(fetched)
        digest, _, events = (known.get(HREF) or "").partition("-")
        return _changes(fetched, digest, int(events) if events.isdecimal() else 0)

    async def read_object(
        self, calendar_url: str, href: str
    ) -> CalendarObject | ObjectGone | CalendarFailure:
        fetched = await self._fetch()
        if isinstance(fetched, CalendarGone):
            return ObjectGone()
        return _object_of(fetched.file) if isinstance(fetched, _Fetched) else _answered(fetched)

    async def find_objects(
        self, calendar_url: str, uid: str
    ) -> list[CalendarObject] | CalendarFailure:
        return NOT_SEARCHED

    def href_of(self, calendar_url: str, uid: str) -> str:
        return HREF

    async def write_object(
        self, calendar_url: str, href: str, data: bytes, etag: str | None = None
    ) -> NotAllowed:
        return ONLY_READ

    async def delete_object(
        self, calendar_url: str, href: str, etag: str | None = None
    ) -> NotAllowed:
        return ONLY_READ

    async def _fetch(
        self, before: _Version | None = None, seconds: float = TIMEOUT_SECONDS
    ) -> _Fetched | _Unchanged | CalendarFailure:
        """Fetches the file, unless it still is the version `before`. The limit of `seconds`
        includes redirects."""
        request = OutboundRequest(
            method="GET",
            url=self._url,
            headers={"Accept": "text/calendar, */*;q=0.1", **_conditions(before)},
            timeout_seconds=seconds,
            most_bytes=MOST_BYTES,
        )
        try:
            async with asyncio.timeout(seconds):
                landed = await follow(self._http, self._http.send, request)
        except TimeoutError:
            return Unanswered(f"no answer within {seconds:g} s")
        if not isinstance(landed, Landed):
            return landed
        return await _read(landed, before)


async def _read(landed: Landed, before: _Version | None) -> _Fetched | _Unchanged | CalendarFailure:
    response = landed.response
    if response.status == 304 and before is not None:
        return _Unchanged()
    failure = failure_in(response)
    if failure is not None:
        return failure
    file = await read_file(response.body)
    if not isinstance(file, CalendarFile):
        return file
    etag, modified = (
        text_to_keep(response.headers.get(name), LONGEST_VALIDATOR)
        for name in ("etag", "last-modified")
    )
    return _Fetched(file, _Version(file.digest, file.events, etag, modified))


def _conditions(before: _Version | None) -> dict[str, str]:
    """The headers of a conditional request (RFC 9110 13.1.2 and 13.1.3)."""
    if before is None:
        return {}
    named = {"If-None-Match": before.etag, "If-Modified-Since": before.modified}
    return {name: value for name, value in named.items() if value}


def _changes(fetched: _Fetched, digest: str, events: int) -> Changes:
    """The changes since the file with that digest, which had so many events."""
    file = fetched.file
    return Changes(
        changed=[] if file.digest == digest else [_object_of(file)],
        removed=[],
        token=encode_token(fetched.version),
        refresh_seconds=file.refresh_seconds,
        is_emptied=events > 0 and file.events == 0,
    )


def _object_of(file: CalendarFile) -> CalendarObject:
    return CalendarObject(href=HREF, etag=f"{file.digest}-{file.events}", data=file.data)


def _calendar_of(file: CalendarFile) -> RemoteCalendar:
    return RemoteCalendar(url=CALENDAR, name=file.name, zone=file.zone, access=CalendarAccess.READ)


def _answered(fetched: _Unchanged | CalendarFailure) -> CalendarFailure:
    """The failure; a 304 to an unconditional request is one too."""
    return NotUnderstood("it answers 304") if isinstance(fetched, _Unchanged) else fetched
