"""What was read from a calendar elsewhere: all of its objects, or those that have changed."""

from datetime import datetime

from msgspec import Struct


class ReadingWindow(Struct, frozen=True):
    """`[starts_at, ends_at)`, instants in UTC. Servers are not exact about it, so objects outside
    may be included."""

    starts_at: datetime
    ends_at: datetime


class CalendarObject(Struct, frozen=True, kw_only=True):
    """One object as it is now. Without an etag it has to be treated as changed at every reading."""

    href: str
    etag: str | None
    data: bytes


class FullReading(Struct, frozen=True, kw_only=True):
    """All objects of a calendar in a window. `token` is for `read_changes`; `unreadable` are the
    hrefs that could not be fetched; `refresh_seconds` is how often the server wants to be asked."""

    objects: list[CalendarObject]
    token: str
    unreadable: list[str] = []
    refresh_seconds: int | None = None


class Changes(Struct, frozen=True, kw_only=True):
    """What has changed.

    An href in `removed` is only a hint: we may not know it, or the object may have moved to another
    calendar or out of the window. With `is_emptied` everything known is gone at once, which is to
    be believed only if it is seen twice; until then keep the former token.
    """

    changed: list[CalendarObject]
    removed: list[str]
    token: str
    unreadable: list[str] = []
    refresh_seconds: int | None = None
    is_emptied: bool = False
