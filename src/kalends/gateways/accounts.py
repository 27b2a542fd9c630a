"""An account that is asked in a session: what the accounts of all such providers do alike.

How a provider reads and writes are functions in modules of its own; here they get their session,
and one limit for all the requests of a reading.
"""

from collections.abc import Mapping
from typing import Generic, Protocol, TypeVar

from kalends.domain.calendars.failures import CalendarFailure, ObjectGone, TokenRefused, UidTaken
from kalends.domain.calendars.readings import CalendarObject, Changes, FullReading, ReadingWindow
from kalends.domain.calendars.writings import Conflict, ObjectDeleted, ObjectWritten
from kalends.gateways.deadlines import within_limit

S = TypeVar("S")
S_contra = TypeVar("S_contra", contravariant=True)


class ReadingModule(Protocol[S_contra]):
    """How calendars are read: see `CalendarAccount`."""

    async def read_all(
        self, session: S_contra, calendar_url: str, window: ReadingWindow, /
    ) -> FullReading | CalendarFailure: ...

    async def read_changes(
        self, session: S_contra, calendar_url: str, token: str, /
    ) -> Changes | TokenRefused | CalendarFailure: ...

    async def compare_all(
        self,
        session: S_contra,
        calendar_url: str,
        known: Mapping[str, str | None],
        window: ReadingWindow,
        /,
    ) -> Changes | CalendarFailure: ...

    async def read_object(
        self, session: S_contra, calendar_url: str, href: str, /
    ) -> CalendarObject | ObjectGone | CalendarFailure: ...


class WritingModule(Protocol[S_contra]):
    """How events are written: see `CalendarAccount`."""

    async def write_object(
        self, session: S_contra, calendar_url: str, href: str, data: bytes, etag: str | None, /
    ) -> ObjectWritten | Conflict | UidTaken | ObjectGone | CalendarFailure: ...

    async def delete_object(
        self, session: S_contra, calendar_url: str, href: str, etag: str | None, /
    ) -> ObjectDeleted | Conflict | CalendarFailure: ...


class SessionAccount(Generic[S]):
    """What of `CalendarAccount` is the same for all of them."""

    def __init__(self, session: S, reading: ReadingModule[S], writing: WritingModule[S]) -> None:
        self._session = session
        self._reading = reading
        self._writing = writing

    async def read_all(
        self, calendar_url: str, window: ReadingWindow
    ) -> FullReading | CalendarFailure:
        return await within_limit(self._reading.read_all(self._session, calendar_url, window))

    async def read_changes(
        self, calendar_url: str, token: str
    ) -> Changes | TokenRefused | CalendarFailure:
        return await within_limit(self._reading.read_changes(self._session, calendar_url, token))

    async def compare_all(
        self, calendar_url: str, known: Mapping[str, str | None], window: ReadingWindow
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
