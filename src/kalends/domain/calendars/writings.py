"""What came of writing an object into a calendar elsewhere, or deleting it there."""

from typing import Final

from msgspec import Struct

from kalends.domain.calendars.readings import CalendarObject

# In place of an etag: whichever version stands there.
ANY_VERSION: Final = "*"


class ObjectWritten(Struct, frozen=True, kw_only=True):
    """The object stands there. `stored` is what the server made of it, where it did not confirm
    that it keeps it as it was sent; None where it did."""

    href: str
    etag: str | None
    stored: CalendarObject | None = None


class ObjectDeleted(Struct, frozen=True):
    """It is not there any more, or was not."""


class Conflict(Struct, frozen=True, kw_only=True):
    """It was not written or deleted, since the object is not the one we knew. `is_ours`: it has the
    UID of what we write (or knew), so that it is the same event, in whichever version."""

    current: CalendarObject
    is_ours: bool
