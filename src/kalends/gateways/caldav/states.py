"""What a calendar says of its state as a whole, which our token keeps."""

from typing import Final

from msgspec import Struct

from kalends.domain.calendars.failures import CalendarFailure
from kalends.gateways.caldav.questions import CTAG, ETAG, STATE, SYNC_TOKEN
from kalends.gateways.caldav.session import DavSession, Listed
from kalends.gateways.tokens import text_to_keep

LONGEST_TOKEN: Final = 4000
"""Longer ones are not kept: then everything is compared."""


class CalendarState(Struct, frozen=True):
    """The token of its changes (RFC 6578), and a tag that is another whenever something is; None
    where the server has none."""

    sync: str | None = None
    ctag: str | None = None

    def proves_unchanged(self, before: "CalendarState") -> bool:
        """Whether nothing can have changed since then. One of the two may be missing."""
        return self == before and self != CalendarState()


async def read_state(session: DavSession, calendar_url: str) -> CalendarState | CalendarFailure:
    """The state now. Where there is no tag, the collection's own etag serves."""
    described = await session.describe(calendar_url, STATE)
    if not isinstance(described, Listed):
        return described or CalendarState()
    own = described.first
    return CalendarState(
        text_to_keep(own.text(SYNC_TOKEN), LONGEST_TOKEN),
        text_to_keep(own.text(CTAG) or own.text(ETAG), LONGEST_TOKEN),
    )
