"""One account at Google: what `CalendarAccount` promises. Calendars are named by their ids there,
and so are events."""

from collections.abc import Sequence
from uuid import UUID

from kalends.domain.calendars.accounts import Discovery, RemoteCalendar
from kalends.domain.calendars.calls import CallAnswer
from kalends.domain.calendars.channels import NewChannel, NotPushed, OpenChannel
from kalends.domain.calendars.consent import TokenSource
from kalends.domain.calendars.failures import CalendarFailure
from kalends.domain.calendars.readings import CalendarObject
from kalends.domain.gateways import Http
from kalends.gateways.accounts import SessionAccount
from kalends.gateways.deadlines import within_discovery, within_limit
from kalends.gateways.google import calls, channels, reading, writing
from kalends.gateways.google.listing import list_calendars
from kalends.gateways.google.places import Places
from kalends.gateways.google.session import GoogleSession


class GoogleAccount(SessionAccount[GoogleSession]):
    """See `CalendarAccount`, `PushingAccount` and `CallingAccount`. `scopes` are the names of what
    was granted."""

    def __init__(
        self, http: Http, places: Places, source: TokenSource, scopes: Sequence[str]
    ) -> None:
        super().__init__(GoogleSession(http, places.api, source), reading, writing)
        self._scopes = scopes

    async def discover(self) -> Discovery | CalendarFailure:
        return await within_discovery(list_calendars(self._session, self._scopes))

    async def list_calendars(self) -> list[RemoteCalendar] | CalendarFailure:
        found = await self.discover()
        return found.calendars if isinstance(found, Discovery) else found

    async def find_objects(
        self, calendar_url: str, uid: str
    ) -> list[CalendarObject] | CalendarFailure:
        href = writing.id_of(uid)
        return await within_limit(reading.find_objects(self._session, calendar_url, uid, href))

    def href_of(self, calendar_url: str, uid: str) -> str:
        return writing.id_of(uid)

    async def add_call(self, calendar_url: str, href: str, key: str) -> CallAnswer:
        return await calls.add_call(self._session, calendar_url, href, key)

    async def find_call(self, calendar_url: str, href: str) -> CallAnswer:
        return await calls.find_call(self._session, calendar_url, href)

    async def open_channel(
        self, calendar_url: str, new: NewChannel
    ) -> OpenChannel | NotPushed | CalendarFailure:
        return await channels.open_channel(self._session, calendar_url, new)

    async def close_channel(self, channel_id: UUID, resource: str) -> CalendarFailure | None:
        return await channels.close_channel(self._session, channel_id, resource)
