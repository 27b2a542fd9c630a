"""The results of writing an object into a calendar elsewhere, or deleting it there."""

from typing import Final

from msgspec import Struct

from kalends.domain.calendars.readings import CalendarObject

# In place of an etag: any version.
ANY_VERSION: Final = "*"


class ObjectWritten(Struct, frozen=True, kw_only=True):
    """The object is there. `stored` is the object as the server has it, if the server did not
    confirm that it stored it as sent; else None."""

    href: str
    etag: str | None
    stored: CalendarObject | None = None


class ObjectDeleted(Struct, frozen=True):
    """The object does not exist any more, or never did."""


class Conflict(Struct, frozen=True, kw_only=True):
    """Nothing was written or deleted, since the object is not in the version that we know.
    `is_ours`: it has our UID, so it is the same event in another version."""

    current: CalendarObject
    is_ours: bool
