"""An account of calendars elsewhere: what can be asked of it, and what may come back.

Each provider implements `CalendarProvider` in a package of its own below `gateways/`. Calendars are
named by their URLs, objects (one event with its exceptions) by an href within their calendar. Both
are canonical: two spellings of one address are one string. Whatever an object holds comes as the
bytes of iCalendar (RFC 5545), lines ended by CRLF or by LF alone; nothing here has read them.
"""

from collections.abc import Mapping
from enum import StrEnum
from typing import Final, Protocol

from msgspec import Struct

from kalends.domain.calendars.failures import CalendarFailure, ObjectGone, TokenRefused, UidTaken
from kalends.domain.calendars.readings import CalendarObject, Changes, FullReading, ReadingWindow
from kalends.domain.calendars.writings import Conflict, ObjectDeleted, ObjectWritten

# What is known of a calendar: the version of each object by its href.
KnownEtags = Mapping[str, str | None]

DISCOVERY_SECONDS: Final = 20.0
"""The longest that an account is looked for."""


class CalendarLogin(Struct, frozen=True, kw_only=True):
    """How to reach an account: the address that was entered, what to sign in with, and the homes
    that `discover` found, which may be on other hosts. Its repr tells no secret."""

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
    """A calendar of an account. `zone` is a zone as its server names it, which need not be one of
    ours. Events of one that `is_transparent` are not meant to block."""

    url: str
    name: str | None
    zone: str | None = None
    access: CalendarAccess = CalendarAccess.WRITE
    is_transparent: bool = False


class Discovery(Struct, frozen=True, kw_only=True):
    """What an account has. `principal` says whose it is: another one means another account.
    `homes` belong into the login from now on."""

    principal: str | None
    homes: tuple[str, ...]
    calendars: list[RemoteCalendar]


class CalendarAccount(Protocol):
    """One account. Each method has a limit of its own in time and size."""

    async def discover(self) -> Discovery | CalendarFailure:
        """Its calendars, from nothing but the address that was entered, within
        `DISCOVERY_SECONDS`."""

    async def list_calendars(self) -> list[RemoteCalendar] | CalendarFailure:
        """Its calendars, in the homes of the login."""

    async def read_all(
        self, calendar_url: str, window: ReadingWindow
    ) -> FullReading | CalendarFailure:
        """All objects that have a part in the window."""

    async def read_changes(
        self, calendar_url: str, token: str
    ) -> Changes | TokenRefused | CalendarFailure:
        """What has changed since the token. Tokens lie: compare once a day nevertheless."""

    async def compare_all(
        self, calendar_url: str, known: KnownEtags, window: ReadingWindow
    ) -> Changes | CalendarFailure:
        """What is different from the known objects, by etag, whatever any token says."""

    async def read_object(
        self, calendar_url: str, href: str
    ) -> CalendarObject | ObjectGone | CalendarFailure:
        """One object: the proof that it is there, or is not."""

    async def find_objects(
        self, calendar_url: str, uid: str
    ) -> list[CalendarObject] | CalendarFailure:
        """The objects of a calendar that have this UID."""

    def href_of(self, calendar_url: str, uid: str) -> str:
        """Where an object of ours with this UID is to stand. Where the server chooses that, it is a
        name by which the account looks for it; `write_object` and `read_object` answer its href."""

    async def write_object(
        self, calendar_url: str, href: str, data: bytes, etag: str | None = None
    ) -> ObjectWritten | Conflict | UidTaken | ObjectGone | CalendarFailure:
        """Creates the object, or changes the one that has `etag`, or with `ANY_VERSION` whichever
        stands there: some servers know no versions, or not their own.

        Not every server keeps to "only if there is none": the guarantee against writing over
        another's object is an href that nobody guesses. ObjectGone where the one to be changed is
        not there any more.
        """

    async def delete_object(
        self, calendar_url: str, href: str, etag: str | None = None
    ) -> ObjectDeleted | Conflict | CalendarFailure:
        """Deletes the object; only if it has `etag`, where one is given."""


class CalendarProvider(Protocol):
    """A kind of servers that hold calendars."""

    def open_account(self, login: CalendarLogin) -> CalendarAccount:
        """The account behind the login; nothing is asked yet."""
