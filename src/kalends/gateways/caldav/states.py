"""The state of a calendar as a whole, as its server gives it; it is kept in our state tokens."""

from typing import Final

from msgspec import Struct

from kalends.domain.calendars.failures import CalendarFailure
from kalends.gateways.caldav.questions import CTAG, ETAG, STATE, SYNC_TOKEN
from kalends.gateways.caldav.session import DavSession, Listed
from kalends.gateways.tokens import text_to_keep

LONGEST_TOKEN: Final = 4000
"""Longer ones are not kept: then everything is compared."""


class CalendarState(Struct, frozen=True):
    """The sync token (RFC 6578), and a tag that differs whenever anything in the calendar has
    changed; None if the server has none."""

    sync: str | None = None
    ctag: str | None = None

    def proves_unchanged(self, before: "CalendarState") -> bool:
        """Whether nothing can have changed since then. Token or tag may be missing."""
        return self == before and self != CalendarState()


async def read_state(session: DavSession, calendar_url: str) -> CalendarState | CalendarFailure:
    """The current state. If there is no tag, the collection's etag takes its place."""
    described = await session.describe(calendar_url, STATE)
    if not isinstance(described, Listed):
        return described or CalendarState()
    own = described.first
    return CalendarState(
        text_to_keep(own.text(SYNC_TOKEN), LONGEST_TOKEN),
        text_to_keep(own.text(CTAG) or own.text(ETAG), LONGEST_TOKEN),
    )
