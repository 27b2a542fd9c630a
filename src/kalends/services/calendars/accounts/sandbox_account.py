"""The account of a sandbox's connection: events written into its calendars are stored like those
that a program puts there, and nothing leaves the installation."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final
from uuid import UUID, uuid5

from kalends.domain.calendars.accounts import Discovery, RemoteCalendar
from kalends.domain.calendars.connections import ConnectedCalendar, StoredEvent
from kalends.domain.calendars.failures import (
    CalendarFailure,
    NotUnderstood,
    ObjectGone,
    TokenRefused,
    UidTaken,
)
from kalends.domain.calendars.readings import CalendarObject, Changes, FullReading, ReadingWindow
from kalends.domain.calendars.writings import ANY_VERSION, Conflict, ObjectDeleted, ObjectWritten
from kalends.domain.ids import CALENDAR_EVENT, encode_id
from kalends.runtime.unit_of_work import Context
from kalends.services.calendars.known.shapes import key_of
from kalends.store.calendars import events

NOT_ASKED: Final = NotUnderstood("a sandbox's calendar is filled by programs")


@dataclass(frozen=True)
class SandboxAccount:
    """See `CalendarAccount`. It only says whether a write may happen; the caller stores the event
    in the transaction that records the write."""

    context: Context
    organization_id: UUID
    connection_id: UUID
    calendar: ConnectedCalendar

    async def discover(self) -> Discovery | CalendarFailure:
        return NOT_ASKED

    async def list_calendars(self) -> list[RemoteCalendar] | CalendarFailure:
        return NOT_ASKED

    async def read_all(
        self, calendar_url: str, window: ReadingWindow
    ) -> FullReading | CalendarFailure:
        return NOT_ASKED

    async def read_changes(
        self, calendar_url: str, token: str
    ) -> Changes | TokenRefused | CalendarFailure:
        return NOT_ASKED

    async def compare_all(
        self, calendar_url: str, known: Mapping[str, str | None], window: ReadingWindow
    ) -> Changes | CalendarFailure:
        return NOT_ASKED

    async def read_object(
        self, calendar_url: str, href: str
    ) -> CalendarObject | ObjectGone | CalendarFailure:
        known = await self._find(href)
        return ObjectGone() if known is None else _object(known)

    async def find_objects(
        self, calendar_url: str, uid: str
    ) -> list[CalendarObject] | CalendarFailure:
        return []

    def href_of(self, calendar_url: str, uid: str) -> str:
        return encode_id(CALENDAR_EVENT, uuid5(self.calendar.id, uid))

    async def write_object(
        self, calendar_url: str, href: str, data: bytes, etag: str | None = None
    ) -> ObjectWritten | Conflict | UidTaken | ObjectGone | CalendarFailure:
        known = await self._find(href)
        if etag not in (None, ANY_VERSION) and known is None:
            return ObjectGone()
        if known is not None and etag not in (known.etag, ANY_VERSION):
            return Conflict(current=_object(known), is_ours=True)
        return ObjectWritten(href=href, etag=hashlib.sha256(data).hexdigest()[:16])

    async def delete_object(
        self, calendar_url: str, href: str, etag: str | None = None
    ) -> ObjectDeleted | Conflict | CalendarFailure:
        known = await self._find(href)
        if known is not None and etag is not None and known.etag != etag:
            return Conflict(current=_object(known), is_ours=True)
        return ObjectDeleted()

    async def _find(self, href: str) -> StoredEvent | None:
        async with self.context.database.tenant_connection(self.organization_id) as tenant:
            return await events.find_event(tenant, self.calendar.id, key_of(href))


def _object(known: StoredEvent) -> CalendarObject:
    return CalendarObject(href=known.ref, etag=known.etag, data=b"")
