"""Lists the calendars of a home, among all the other collections in it."""

import re
from typing import Final

from kalends.domain.calendars.accounts import CalendarAccess, RemoteCalendar
from kalends.domain.calendars.failures import CalendarFailure, CalendarTooLarge
from kalends.gateways.caldav.hrefs import resolve_collection
from kalends.gateways.caldav.multistatus import DavResponse
from kalends.gateways.caldav.questions import (
    CALENDAR,
    COMPONENTS,
    DISPLAY_NAME,
    PRIVILEGES,
    RESOURCE_TYPE,
    TIME_ZONE,
    TIME_ZONE_ID,
    TRANSPARENCY,
)
from kalends.gateways.caldav.session import DavSession, Listed
from kalends.gateways.caldav.xml import CALDAV, DAV

MOST_CALENDARS: Final = 500
LONGEST_NAME: Final = 200
LONGEST_ZONE: Final = 100
MAY_WRITE: Final = frozenset(f"{DAV}{name}" for name in ("all", "write", "write-content", "bind"))
MAY_READ: Final = MAY_WRITE | {f"{DAV}read"}
MAY_SEE_BUSY: Final = f"{CALDAV}read-free-busy"
_ZONE_IN_FILE: Final = re.compile(r"^TZID(?:;[^:\r\n]*)?:([^\r\n]+)", re.MULTILINE | re.IGNORECASE)


async def list_homes(
    session: DavSession, homes: tuple[str, ...]
) -> list[RemoteCalendar] | CalendarFailure:
    """All calendars of all homes, or the first failure."""
    by_url: dict[str, RemoteCalendar] = {}
    for home in homes:
        listed = await session.propfind(home, CALENDAR, "1")
        if not isinstance(listed, Listed):
            return listed
        by_url |= {calendar.url: calendar for calendar in calendars_in(listed)}
    if len(by_url) > MOST_CALENDARS:
        return CalendarTooLarge(f"it has more than {MOST_CALENDARS} calendars")
    return list(by_url.values())


def calendars_in(listed: Listed) -> list[RemoteCalendar]:
    """The calendars in a multistatus that have events: not the home itself, nor an inbox, a list of
    tasks, or a subscribed calendar."""
    return [
        _read_calendar(listed.url, response)
        for response in listed.multistatus.responses
        if is_calendar(response) and _holds_events(response)
    ]


def is_calendar(response: DavResponse) -> bool:
    kind = response.properties.get(RESOURCE_TYPE)
    return kind is not None and f"{CALDAV}calendar" in kind.names()


def _holds_events(response: DavResponse) -> bool:
    components = response.properties.get(COMPONENTS)
    if components is None or not components.children:
        return True
    names = [(child.attributes or {}).get("name", "") for child in components.children]
    return any(name.upper() == "VEVENT" for name in names)


def _read_calendar(base_url: str, response: DavResponse) -> RemoteCalendar:
    transparency = response.properties.get(TRANSPARENCY)
    name = response.text(DISPLAY_NAME)
    return RemoteCalendar(
        url=resolve_collection(base_url, response.href),
        name=name and name[:LONGEST_NAME],
        zone=_zone_of(response),
        access=_access_of(response),
        is_transparent=transparency is not None and f"{CALDAV}transparent" in transparency.names(),
    )


def _access_of(response: DavResponse) -> CalendarAccess:
    """What the privileges allow. If a server names none, everything counts as allowed, as it will
    refuse what is not when it is tried."""
    element = response.properties.get(PRIVILEGES)
    if element is None:
        return CalendarAccess.WRITE
    names = {name for privilege in element.children for name in privilege.names()}
    if names & MAY_WRITE:
        return CalendarAccess.WRITE
    return CalendarAccess.READ if names & MAY_READ else CalendarAccess.FREEBUSY


def _zone_of(response: DavResponse) -> str | None:
    """The name of the zone: its id (RFC 7809 5.2), or the TZID in its file (RFC 4791 5.2.2)."""
    zone = response.text(TIME_ZONE_ID)
    if zone is None:
        match = _ZONE_IN_FILE.search(response.text(TIME_ZONE) or "")
        zone = match[1].strip() if match else None
    return zone[:LONGEST_ZONE] if zone else None
