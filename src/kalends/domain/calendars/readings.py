"""What was read of a calendar elsewhere: its objects, all of them or those that have changed."""

from datetime import datetime

from msgspec import Struct


class ReadingWindow(Struct, frozen=True):
    """`[starts_at, ends_at)`, instants in UTC. Servers are not exact about it: what lies outside
    may come, too."""

    starts_at: datetime
    ends_at: datetime


class CalendarObject(Struct, frozen=True, kw_only=True):
    """One object as it is now. Without an etag it has to be taken for changed at every look."""

    href: str
    etag: str | None
    data: bytes


class FullReading(Struct, frozen=True, kw_only=True):
    """Everything of a calendar in a window. `token` is for `read_changes`; `unreadable` are the
    hrefs that were not to be had; `refresh_seconds` is how often the server wants to be asked."""

    objects: list[CalendarObject]
    token: str
    unreadable: list[str] = []
    refresh_seconds: int | None = None


class Changes(Struct, frozen=True, kw_only=True):
    """What is different. An href in `removed` is a hint and no proof: it may be unknown to us, or
    have moved to another calendar or out of the window. `is_emptied`: all that was known is gone
    at once, which is to be believed when it is seen twice; until then keep the token of before.
    """

    changed: list[CalendarObject]
    removed: list[str]
    token: str
    unreadable: list[str] = []
    refresh_seconds: int | None = None
    is_emptied: bool = False
