"""One account at Google: what `CalendarAccount` promises. Calendars are named by their ids there,
and so are events."""

import asyncio
from collections.abc import Mapping, Sequence
from uuid import UUID

from kalends.domain.calendars.accounts import DISCOVERY_SECONDS, Discovery, RemoteCalendar
from kalends.domain.calendars.channels import NewChannel, NotPushed, OpenChannel
from kalends.domain.calendars.consent import TokenSource
from kalends.domain.calendars.failures import (
    CalendarFailure,
    ObjectGone,
    TokenRefused,
    UidTaken,
    Unanswered,
)
from kalends.domain.calendars.readings import CalendarObject, Changes, FullReading, ReadingWindow
from kalends.domain.calendars.writings import Conflict, ObjectDeleted, ObjectWritten
from kalends.domain.gateways import Http
from kalends.gateways.deadlines import within_limit
from kalends.gateways.google import channels, reading, writing
from kalends.gateways.google.listing import list_calendars
from kalends.gateways.google.places import Places
from kalends.gateways.google.session import GoogleSession


class GoogleAccount:
    """See `CalendarAccount` and `PushingAccount`. `scopes` are the names of what was granted."""

    def __init__(
        self, http: Http, places: Places, source: TokenSource, scopes: Sequence[str]
    ) -> None:
        self._session = GoogleSession(http, places.api, source)
        self._scopes = scopes

    async def discover(self) -> Discovery | CalendarFailure:
        try:
            async with asyncio.timeout(DISCOVERY_SECONDS):
                return await list_calendars(self._session, self._scopes)
        except TimeoutError:
            return Unanswered(f"no answer within {DISCOVERY_SECONDS:g} s")

    async def list_calendars(self) -> list[RemoteCalendar] | CalendarFailure:
        found = await self.discover()
        return found.calendars if isinstance(found, Discovery) else found

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
        return await reading.read_object(self._session, calendar_url, href)

    async def find_objects(
        self, calendar_url: str, uid: str
    ) -> list[CalendarObject] | CalendarFailure:
        href = writing.id_of(uid)
        return await within_limit(reading.find_objects(self._session, calendar_url, uid, href))

    def href_of(self, calendar_url: str, uid: str) -> str:
        return writing.id_of(uid)

    async def write_object(
        self, calendar_url: str, href: str, data: bytes, etag: str | None = None
    ) -> ObjectWritten | Conflict | UidTaken | ObjectGone | CalendarFailure:
        return await writing.write_object(self._session, calendar_url, href, data, etag)

    async def open_channel(
        self, calendar_url: str, new: NewChannel
    ) -> OpenChannel | NotPushed | CalendarFailure:
        return await channels.open_channel(self._session, calendar_url, new)

    async def close_channel(self, channel_id: UUID, resource: str) -> CalendarFailure | None:
        return await channels.close_channel(self._session, channel_id, resource)

    async def delete_object(
        self, calendar_url: str, href: str, etag: str | None = None
    ) -> ObjectDeleted | Conflict | CalendarFailure:
        return await writing.delete_object(self._session, calendar_url, href, etag)
