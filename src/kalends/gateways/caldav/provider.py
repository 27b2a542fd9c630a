"""CalDAV as a provider: implements `CalendarProvider` and `CalendarAccount`."""

from typing import Final
from urllib.parse import quote, urlsplit

from msgspec.structs import replace

from kalends.domain.calendars.accounts import CalendarLogin, Discovery, RemoteCalendar
from kalends.domain.calendars.failures import CalendarFailure
from kalends.domain.calendars.readings import CalendarObject
from kalends.domain.gateways import Http
from kalends.gateways.accounts import Modules, SessionAccount
from kalends.gateways.caldav import discovery, reading, writing
from kalends.gateways.caldav.hrefs import UNQUOTED
from kalends.gateways.caldav.listing import list_homes
from kalends.gateways.caldav.queries import query_uid
from kalends.gateways.caldav.session import TIMEOUT_SECONDS, DavSession
from kalends.gateways.caldav.states import CalendarState
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


class CalDavAccount(SessionAccount[DavSession, CalendarState]):
    """One account. It remembers what it learns while it is open, such as how to authenticate."""

    def __init__(self, session: DavSession, login: CalendarLogin) -> None:
        super().__init__(session, Modules(reading, writing, CalendarState))
        self._login = login

    async def discover(self) -> Discovery | CalendarFailure:
        return await discovery.discover(self._session, self._login.url)

    async def list_calendars(self) -> list[RemoteCalendar] | CalendarFailure:
        return await within_limit(list_homes(self._session, self._login.homes))

    async def find_objects(
        self, calendar_url: str, uid: str
    ) -> list[CalendarObject] | CalendarFailure:
        return await within_limit(query_uid(self._session, calendar_url, uid))

    def href_of(self, calendar_url: str, uid: str) -> str:
        name = quote(uid, safe=UNQUOTED)
        return f"{urlsplit(calendar_url).path}{name}{writing.EXTENSION}"
