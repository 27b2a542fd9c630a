"""An account at Google: implements `CalendarAccount`. Calendars and events are named by their ids
there."""

from collections.abc import Sequence
from typing import Final
from uuid import UUID

from kalends.domain.calendars.channels import NewChannel, NotPushed, OpenChannel
from kalends.domain.calendars.consent import TokenSource
from kalends.domain.calendars.failures import CalendarFailure
from kalends.domain.calendars.readings import CalendarObject
from kalends.domain.gateways import Http
from kalends.gateways.accounts import ConsentedSessionAccount, Modules
from kalends.gateways.deadlines import within_limit
from kalends.gateways.google import calls, channels, listing, reading, writing
from kalends.gateways.google.places import Places
from kalends.gateways.google.reading import GoogleSyncState
from kalends.gateways.google.session import GoogleSession

MODULES: Final = Modules(reading, writing, GoogleSyncState)


class GoogleAccount(ConsentedSessionAccount[GoogleSession, GoogleSyncState]):
    """See `ConsentedSessionAccount`, and `PushingAccount`."""

    def __init__(
        self, http: Http, places: Places, source: TokenSource, scopes: Sequence[str]
    ) -> None:
        session = GoogleSession(http, places.api, source)
        super().__init__(session, MODULES, listing, calls, scopes)

    async def find_objects(
        self, calendar_url: str, uid: str
    ) -> list[CalendarObject] | CalendarFailure:
        href = writing.id_of(uid)
        return await within_limit(reading.find_objects(self._session, calendar_url, uid, href))

    def href_of(self, calendar_url: str, uid: str) -> str:
        return writing.id_of(uid)

    async def open_channel(
        self, calendar_url: str, new: NewChannel
    ) -> OpenChannel | NotPushed | CalendarFailure:
        return await channels.open_channel(self._session, calendar_url, new)

    async def close_channel(self, channel_id: UUID, resource: str) -> CalendarFailure | None:
        return await channels.close_channel(self._session, channel_id, resource)
