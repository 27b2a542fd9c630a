"""Reads the delta of a calendar by sync-collection (RFC 6578)."""

from typing import Final
from urllib.parse import urlsplit

from msgspec import Struct

from kalends.domain.calendars.failures import CalendarFailure, NotUnderstood, TokenRefused
from kalends.gateways.caldav.hrefs import member_of
from kalends.gateways.caldav.multistatus import DavResponse
from kalends.gateways.caldav.objects import MOST_OBJECTS
from kalends.gateways.caldav.queries import is_cut_short
from kalends.gateways.caldav.questions import ask_changes
from kalends.gateways.caldav.session import GONE, DavSession, Listed, ReportRefused

MOST_ROUNDS: Final = 200
"""So often a server may say that there is more."""


class Delta(Struct, frozen=True):
    """The hrefs that have changed, were removed according to the server, or cannot be read."""

    changed: list[str]
    removed: list[str]
    unreadable: list[str]
    token: str

    @property
    def is_empty(self) -> bool:
        return not (self.changed or self.removed or self.unreadable)


async def read_delta(
    session: DavSession, calendar_url: str, token: str
) -> Delta | TokenRefused | CalendarFailure:
    """All changes since the token, in as many answers as the server splits them into."""
    latest: dict[str, DavResponse] = {}
    for _ in range(MOST_ROUNDS):
        listed = await session.report(calendar_url, ask_changes(token), "0")
        if isinstance(listed, ReportRefused | NotUnderstood):
            return _refusal(listed)
        if not isinstance(listed, Listed):
            return listed
        if urlsplit(listed.url).path != urlsplit(calendar_url).path:
            return NotUnderstood("the calendar has another address now")
        latest |= _members(calendar_url, listed)
        next_token = listed.multistatus.sync_token
        if next_token is None or len(latest) > MOST_OBJECTS:
            return TokenRefused("its list of changes is too long, or has no token")
        if not is_cut_short(listed):
            return _delta_of(latest, next_token)
        if next_token == token:
            break
        token = next_token
    return TokenRefused("its list of changes does not end")


def _refusal(refused: ReportRefused | NotUnderstood) -> TokenRefused:
    if isinstance(refused, ReportRefused) and "valid-sync-token" in refused.causes:
        return TokenRefused("the server does not know the token any more")
    return TokenRefused("the server does not say what has changed")


def _members(calendar_url: str, listed: Listed) -> dict[str, DavResponse]:
    """The responses by href, without those about other addresses or the calendar itself."""
    responses = listed.multistatus.responses
    return {one.path: one for one in responses if member_of(calendar_url, one.path)}


def _delta_of(latest: dict[str, DavResponse], token: str) -> Delta:
    """The delta, by the status of each response; the status of a property is not the object's."""
    changed, removed, unreadable = [], [], []
    for path, response in latest.items():
        if response.status in GONE:
            removed.append(path)
        elif response.status is None or response.status < 400:
            changed.append(path)
        else:
            unreadable.append(path)
    return Delta(changed, removed, unreadable, token)
