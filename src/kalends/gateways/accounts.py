"""What the calendar accounts of several providers have in common: they send requests in a session.

A provider reads and writes by functions in modules of its own. The classes here pass the session to
them, and set one time limit for all requests of a reading.
"""

from collections.abc import Collection
from typing import Generic, NamedTuple, Protocol, TypeVar

from kalends.domain.calendars.accounts import Discovery, KnownEtags, RemoteCalendar
from kalends.domain.calendars.calls import CallAnswer
from kalends.domain.calendars.failures import CalendarFailure, ObjectGone, TokenRefused, UidTaken
from kalends.domain.calendars.readings import CalendarObject, Changes, FullReading, ReadingWindow
from kalends.domain.calendars.writings import Conflict, ObjectDeleted, ObjectWritten
from kalends.gateways.deadlines import within_discovery, within_limit
from kalends.gateways.tokens import State, decode_token

S = TypeVar("S")
S_contra = TypeVar("S_contra", contravariant=True)
State_contra = TypeVar("State_contra", contravariant=True)


class ReadingModule(Protocol[S_contra, State_contra]):
    """A provider's functions for reading calendars: see `CalendarAccount`. They take the state that
    a token encodes, not the token."""

    async def read_all(
        self, session: S_contra, calendar_url: str, window: ReadingWindow, /
    ) -> FullReading | CalendarFailure: ...

    async def read_changes(
        self, session: S_contra, calendar_url: str, state: State_contra, /
    ) -> Changes | TokenRefused | CalendarFailure: ...

    async def compare_all(
        self,
        session: S_contra,
        calendar_url: str,
        known: KnownEtags,
        window: ReadingWindow,
        /,
    ) -> Changes | CalendarFailure: ...

    async def read_object(
        self, session: S_contra, calendar_url: str, href: str, /
    ) -> CalendarObject | ObjectGone | CalendarFailure: ...


class WritingModule(Protocol[S_contra]):
    """A provider's functions for writing events: see `CalendarAccount`."""

    async def write_object(
        self, session: S_contra, calendar_url: str, href: str, data: bytes, etag: str | None, /
    ) -> ObjectWritten | Conflict | UidTaken | ObjectGone | CalendarFailure: ...

    async def delete_object(
        self, session: S_contra, calendar_url: str, href: str, etag: str | None, /
    ) -> ObjectDeleted | Conflict | CalendarFailure: ...


class Modules(NamedTuple, Generic[S, State]):
    """The modules by which a provider reads and writes, and the type of state in its tokens."""

    reading: ReadingModule[S, State]
    writing: WritingModule[S]
    state: type[State]


class ListingModule(Protocol[S_contra]):
    """A provider's function that lists the calendars of an account, as the granted scopes allow."""

    async def list_calendars(
        self, session: S_contra, granted: Collection[str], /
    ) -> Discovery | CalendarFailure: ...


class CallModule(Protocol[S_contra]):
    """A provider's functions for calls that come with events: see `CallingAccount`."""

    async def add_call(
        self, session: S_contra, calendar_url: str, href: str, key: str, /
    ) -> CallAnswer: ...

    async def find_call(self, session: S_contra, calendar_url: str, href: str, /) -> CallAnswer: ...


class SessionAccount(Generic[S, State]):
    """The part of `CalendarAccount` that all of these accounts share."""

    def __init__(self, session: S, modules: Modules[S, State]) -> None:
        self._session = session
        self._reading, self._writing, self._state = modules

    async def read_all(
        self, calendar_url: str, window: ReadingWindow
    ) -> FullReading | CalendarFailure:
        return await within_limit(self._reading.read_all(self._session, calendar_url, window))

    async def read_changes(
        self, calendar_url: str, token: str
    ) -> Changes | TokenRefused | CalendarFailure:
        state = decode_token(token, self._state)
        if state is None:
            return TokenRefused("the token is none of ours")
        return await within_limit(self._reading.read_changes(self._session, calendar_url, state))

    async def compare_all(
        self, calendar_url: str, known: KnownEtags, window: ReadingWindow
    ) -> Changes | CalendarFailure:
        work = self._reading.compare_all(self._session, calendar_url, known, window)
        return await within_limit(work)

    async def read_object(
        self, calendar_url: str, href: str
    ) -> CalendarObject | ObjectGone | CalendarFailure:
        return await self._reading.read_object(self._session, calendar_url, href)

    async def write_object(
        self, calendar_url: str, href: str, data: bytes, etag: str | None = None
    ) -> ObjectWritten | Conflict | UidTaken | ObjectGone | CalendarFailure:
        return await self._writing.write_object(self._session, calendar_url, href, data, etag)

    async def delete_object(
        self, calendar_url: str, href: str, etag: str | None = None
    ) -> ObjectDeleted | Conflict | CalendarFailure:
        return await self._writing.delete_object(self._session, calendar_url, href, etag)


class ConsentedSessionAccount(SessionAccount[S, State]):
    """The part of `CalendarAccount` and `CallingAccount` that accounts reached by a consent share.
    `granted` are the names of the consent's scopes."""

    def __init__(
        self,
        session: S,
        modules: Modules[S, State],
        listing: ListingModule[S],
        calls: CallModule[S],
        granted: Collection[str],
    ) -> None:
        super().__init__(session, modules)
        self._listing = listing
        self._calls = calls
        self._granted = granted

    async def discover(self) -> Discovery | CalendarFailure:
        return await within_discovery(self._listing.list_calendars(self._session, self._granted))

    async def list_calendars(self) -> list[RemoteCalendar] | CalendarFailure:
        found = await self.discover()
        return found.calendars if isinstance(found, Discovery) else found

    async def add_call(self, calendar_url: str, href: str, key: str) -> CallAnswer:
        return await self._calls.add_call(self._session, calendar_url, href, key)

    async def find_call(self, calendar_url: str, href: str) -> CallAnswer:
        return await self._calls.find_call(self._session, calendar_url, href)
