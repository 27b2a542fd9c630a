"""An account at Microsoft: implements `CalendarAccount`. Calendars and events are named by their
Graph ids; an event that is to be created by our UID, until Graph has given it an id."""

from collections.abc import Sequence
from typing import Final
from uuid import UUID

from kalends.domain.calendars.channels import NewChannel, NotPushed, OpenChannel
from kalends.domain.calendars.consent import TokenSource
from kalends.domain.calendars.failures import CalendarFailure
from kalends.domain.calendars.readings import CalendarObject
from kalends.gateways.accounts import ConsentedSessionAccount, Modules
from kalends.gateways.deadlines import within_limit
from kalends.gateways.microsoft import calls, channels, listing, reading, writing
from kalends.gateways.microsoft.places import GraphPlaces
from kalends.gateways.microsoft.reading import GraphSyncState
from kalends.gateways.microsoft.session import InTurn, MicrosoftSession

MODULES: Final = Modules(reading, writing, GraphSyncState)


class MicrosoftAccount(ConsentedSessionAccount[MicrosoftSession, GraphSyncState]):
    """See `ConsentedSessionAccount`, and `PushingAccount`."""

    def __init__(
        self, http: InTurn, places: GraphPlaces, source: TokenSource, scopes: Sequence[str]
    ) -> None:
        session = MicrosoftSession(http, places.api, source, scopes)
        super().__init__(session, MODULES, listing, calls, scopes)

    async def find_objects(
        self, calendar_url: str, uid: str
    ) -> list[CalendarObject] | CalendarFailure:
        return await within_limit(reading.find_objects(self._session, calendar_url, uid))

    def href_of(self, calendar_url: str, uid: str) -> str:
        return f"{reading.NEW}{uid}"

    async def open_channel(
        self, calendar_url: str, new: NewChannel
    ) -> OpenChannel | NotPushed | CalendarFailure:
        return await channels.open_channel(self._session, new)

    async def close_channel(self, channel_id: UUID, resource: str) -> CalendarFailure | None:
        return await channels.close_channel(self._session, resource)
