"""Discovery: finds the calendars of an account from an address that somebody typed (RFC 6764 6)."""

import asyncio
from typing import Final

from msgspec import Struct

from kalends.domain.calendars.accounts import DISCOVERY_SECONDS, Discovery
from kalends.domain.calendars.failures import (
    AddressRefused,
    CalendarFailure,
    CalendarGone,
    CredentialsRefused,
    NotAllowed,
    NotUnderstood,
    Unanswered,
)
from kalends.gateways.caldav.hrefs import resolve, resolve_collection
from kalends.gateways.caldav.listing import is_calendar, list_homes
from kalends.gateways.caldav.questions import HOME_SET, PRINCIPAL, RESOURCE_TYPE, WHO
from kalends.gateways.caldav.session import DavSession, Listed
from kalends.gateways.caldav.xml import DAV, Element
from kalends.gateways.redirects import is_downgrade

MOST_HOMES: Final = 5
WELL_KNOWN: Final = "/.well-known/caldav"
NOTHING_HERE: Final = NotUnderstood("no calendars are to be found there by CalDAV")


class _Found(Struct, frozen=True):
    """What an address says about the signed-in user (the URLs of principal and homes), and about
    itself."""

    url: str
    principal: str | None
    homes: tuple[str, ...]
    is_refused: bool
    is_home: bool


async def discover(
    session: DavSession, url: str, seconds: float = DISCOVERY_SECONDS
) -> Discovery | CalendarFailure:
    """The calendars of the user who signs in at the address. It takes at most `seconds` in all."""
    try:
        async with asyncio.timeout(seconds):
            return await _discover(session, url)
    except TimeoutError:
        return Unanswered(f"no answer within {seconds:g} s")


async def _discover(session: DavSession, url: str) -> Discovery | CalendarFailure:
    found = await _find_person(session, url)
    if not isinstance(found, _Found):
        return found
    if found.is_refused:
        return CredentialsRefused()
    homes = found.homes
    if not homes and found.principal is not None:
        person = await _ask(session, found.principal)
        if not isinstance(person, _Found):
            return person
        homes = person.homes
    if homes:
        return await _list(session, url, found.principal, homes)
    listed = await _list(session, url, found.principal, (found.url,))
    is_empty = isinstance(listed, Discovery) and not listed.calendars
    return NOTHING_HERE if is_empty else listed


async def _list(
    session: DavSession, url: str, principal: str | None, homes: tuple[str, ...]
) -> Discovery | CalendarFailure:
    if any(is_downgrade(url, home) for home in homes):
        return AddressRefused("leads from https to http")
    for home in homes:
        session.trust(home)
    calendars = await list_homes(session, homes)
    if not isinstance(calendars, list):
        return calendars
    return Discovery(principal=principal, homes=homes, calendars=calendars)


async def _find_person(session: DavSession, url: str) -> _Found | CalendarFailure:
    """What is found at the address, at the well-known address of its host, or at the host's root.
    If none of them knows the signed-in user, an address that is a calendar will do."""
    first: CalendarFailure | None = None
    place: _Found | None = None
    for candidate in dict.fromkeys((url, resolve(url, WELL_KNOWN), resolve(url, "/"))):
        answer = await _ask(session, candidate)
        if isinstance(answer, _Found):
            if answer.principal or answer.homes or answer.is_refused:
                return answer
            place = place or (answer if answer.is_home else None)
        elif not isinstance(answer, NotUnderstood | NotAllowed | CalendarGone):
            return place or answer
        first = first or (answer if isinstance(answer, NotAllowed) else None)
    return place or first or NOTHING_HERE


async def _ask(session: DavSession, url: str) -> _Found | CalendarFailure:
    described = await session.describe(url, WHO)
    if not isinstance(described, Listed):
        return described or NOTHING_HERE
    properties = described.first.properties
    principal = properties.get(PRINCIPAL)
    homes = [
        resolve_collection(described.url, href) for href in _hrefs_in(properties.get(HOME_SET))
    ]
    principals = [resolve(described.url, href) for href in _hrefs_in(principal)]
    return _Found(
        url=resolve_collection(described.url, ""),
        principal=principals[0] if principals else None,
        homes=tuple(dict.fromkeys(homes[:MOST_HOMES])),
        is_refused=principal is not None and f"{DAV}unauthenticated" in principal.names(),
        is_home=_is_collection(properties.get(RESOURCE_TYPE)) or is_calendar(described.first),
    )


def _is_collection(kind: Element | None) -> bool:
    return kind is not None and f"{DAV}collection" in kind.names()


def _hrefs_in(element: Element | None) -> list[str]:
    if element is None:
        return []
    return [child.text for child in element.all(f"{DAV}href") if child.text.strip()]
