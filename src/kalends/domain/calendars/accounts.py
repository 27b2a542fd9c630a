"""The interface of accounts with calendars elsewhere: requests, and their possible answers.

Each provider implements `CalendarProvider` in a package of its own below `gateways/`. Calendars are
named by their URLs, and objects (an event with its exceptions) by an href within their calendar.
Both are canonical: two spellings of one address become one string. The content of an object is the
bytes of iCalendar (RFC 5545), with lines that end with CRLF or only LF, and is not parsed here.
"""

from collections.abc import Mapping
from enum import StrEnum
from typing import Final, Protocol

from msgspec import Struct

from kalends.domain.calendars.failures import CalendarFailure, ObjectGone, TokenRefused, UidTaken
from kalends.domain.calendars.readings import CalendarObject, Changes, FullReading, ReadingWindow
from kalends.domain.calendars.writings import Conflict, ObjectDeleted, ObjectWritten

# What is known of a calendar: the etag of each object by its href.
KnownEtags = Mapping[str, str | None]

DISCOVERY_SECONDS: Final = 20.0
"""The time limit of `discover`."""


class CalendarLogin(Struct, frozen=True, kw_only=True):
    """How to reach an account: the address and credentials that somebody entered, and the homes
    that `discover` found, which may be on other hosts. Its repr shows no secret."""

    url: str
    username: str = ""
    password: str = ""
    homes: tuple[str, ...] = ()

    def __repr__(self) -> str:
        return "CalendarLogin(…)"


class CalendarAccess(StrEnum):
    """What may be done with a calendar."""

    FREEBUSY = "freebusy"
    READ = "read"
    WRITE = "write"


class RemoteCalendar(Struct, frozen=True, kw_only=True):
    """A calendar of an account. `zone` is the zone as its server names it, which may be unknown
    here. If it `is_transparent`, its events are not meant to block time."""

    url: str
    name: str | None
    zone: str | None = None
    access: CalendarAccess = CalendarAccess.WRITE
    is_transparent: bool = False


class Discovery(Struct, frozen=True, kw_only=True):
    """What an account has. `principal` identifies its owner: another one means another account.
    `homes` are to be stored with the login."""

    principal: str | None
    homes: tuple[str, ...]
    calendars: list[RemoteCalendar]


class CalendarAccount(Protocol):
    """One account. Each method has limits of its own for time and size."""

    async def discover(self) -> Discovery | CalendarFailure:
        """Finds the calendars, starting from nothing but the entered address, within
        `DISCOVERY_SECONDS`."""

    async def list_calendars(self) -> list[RemoteCalendar] | CalendarFailure:
        """The calendars in the homes of the login."""

    async def read_all(
        self, calendar_url: str, window: ReadingWindow
    ) -> FullReading | CalendarFailure:
        """All objects that meet the window."""

    async def read_changes(
        self, calendar_url: str, token: str
    ) -> Changes | TokenRefused | CalendarFailure:
        """What has changed since the token. Tokens lie, so compare once a day nevertheless."""

    async def compare_all(
        self, calendar_url: str, known: KnownEtags, window: ReadingWindow
    ) -> Changes | CalendarFailure:
        """What differs from the known objects, by etag, whatever tokens say."""

    async def read_object(
        self, calendar_url: str, href: str
    ) -> CalendarObject | ObjectGone | CalendarFailure:
        """One object; the proof whether it exists."""

    async def find_objects(
        self, calendar_url: str, uid: str
    ) -> list[CalendarObject] | CalendarFailure:
        """The objects of a calendar with this UID."""

    def href_of(self, calendar_url: str, uid: str) -> str:
        """The href for a new object of ours with this UID. If the server chooses hrefs itself, this
        is a name by which the account finds the object; `write_object` and `read_object` return its
        href."""

    async def write_object(
        self, calendar_url: str, href: str, data: bytes, etag: str | None = None
    ) -> ObjectWritten | Conflict | UidTaken | ObjectGone | CalendarFailure:
        """Creates the object, or replaces the one that has `etag`; with `ANY_VERSION` any version,
        since some servers have no reliable etags.

        Not every server honours "only if it does not exist", so what keeps us from overwriting
        others' objects is an href that nobody can guess. ObjectGone if the object to replace does
        not exist any more.
        """

    async def delete_object(
        self, calendar_url: str, href: str, etag: str | None = None
    ) -> ObjectDeleted | Conflict | CalendarFailure:
        """Deletes the object; only if it has `etag`, if one is given."""


class CalendarProvider(Protocol):
    """A kind of server that holds calendars."""

    def open_account(self, login: CalendarLogin) -> CalendarAccount:
        """The account behind the login; sends no request yet."""
