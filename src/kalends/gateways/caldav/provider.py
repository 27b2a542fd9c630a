"""Accounts of CalDAV servers: what `CalendarProvider` and `CalendarAccount` promise."""

from collections.abc import Mapping
from typing import Final
from urllib.parse import quote, urlsplit

from msgspec.structs import replace

from kalends.domain.calendars.accounts import CalendarLogin, Discovery, RemoteCalendar
from kalends.domain.calendars.failures import (
    CalendarFailure,
    ObjectGone,
    TokenRefused,
    UidTaken,
)
from kalends.domain.calendars.readings import CalendarObject, Changes, FullReading, ReadingWindow
from kalends.domain.calendars.writings import Conflict, ObjectDeleted, ObjectWritten
from kalends.domain.gateways import Http
from kalends.gateways.caldav import discovery, reading, writing
from kalends.gateways.caldav.hrefs import UNQUOTED
from kalends.gateways.caldav.listing import list_homes
from kalends.gateways.caldav.objects import read_object
from kalends.gateways.caldav.queries import query_uid
from kalends.gateways.caldav.session import TIMEOUT_SECONDS, DavSession
from kalends.gateways.deadlines import within_limit
from kalends.gateways.targets import entered_url

SCHEMES: Final = {"caldav": "http", "caldavs": "https"}


class CalDavProvider:
    """CalDAV over `http`."""

    def __init__(self, http: Http, timeout_seconds: float = TIMEOUT_SECONDS) -> None:
        self._http = http
        self._timeout_seconds = timeout_seconds

    def open_account(self, login: CalendarLogin) -> "CalDavAccount":
        login = replace(login, url=entered_url(login.url, SCHEMES))
        return CalDavAccount(DavSession(self._http, login, self._timeout_seconds), login)


class CalDavAccount:
    """One account. What it learns while it is open, such as how to sign in, it keeps."""

    def __init__(self, session: DavSession, login: CalendarLogin) -> None:
        self._login = login
        self._session = session

    async def discover(self) -> Discovery | CalendarFailure:
        return await discovery.discover(self._session, self._login.url)

    async def list_calendars(self) -> list[RemoteCalendar] | CalendarFailure:
        return await within_limit(list_homes(self._session, self._login.homes))

    async def read_all(
        self, calendar_url: str, window: ReadingWindow
    ) -> FullReading | CalendarFailure:
        return await within_limit(reading.read_all(self._session, calendar_url, window))

    async def read_changes(
        self, calendar_url: str, token: str
    ) -> Changes | TokenRefused | CalendarFailure:
        return await within_limit(reading.read_changes(self._session, calendar_url, token))

    async def compare_all(
        self, calendar_url: str, known: Mapping[str, str | None], window: ReadingWindow
    ) -> Changes | CalendarFailure:
        return await within_limit(reading.compare_all(self._session, calendar_url, known, window))

    async def read_object(
        self, calendar_url: str, href: str
    ) -> CalendarObject | ObjectGone | CalendarFailure:
        return await read_object(self._session, calendar_url, href)

    async def find_objects(
        self, calendar_url: str, uid: str
    ) -> list[CalendarObject] | CalendarFailure:
        return await within_limit(query_uid(self._session, calendar_url, uid))

    def href_of(self, calendar_url: str, uid: str) -> str:
        name = quote(uid, safe=UNQUOTED)
        return f"{urlsplit(calendar_url).path}{name}{writing.EXTENSION}"

    async def write_object(
        self, calendar_url: str, href: str, data: bytes, etag: str | None = None
    ) -> ObjectWritten | Conflict | UidTaken | ObjectGone | CalendarFailure:
        return await writing.write_object(self._session, calendar_url, href, data, etag)

    async def delete_object(
        self, calendar_url: str, href: str, etag: str | None = None
    ) -> ObjectDeleted | Conflict | CalendarFailure:
        return await writing.delete_object(self._session, calendar_url, href, etag)
