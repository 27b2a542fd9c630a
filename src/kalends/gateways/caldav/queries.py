"""Queries for many objects of a calendar, with fallbacks for servers that do not support them."""

from typing import Final

from kalends.domain.calendars.failures import CalendarFailure, NotUnderstood
from kalends.domain.calendars.readings import CalendarObject, ReadingWindow
from kalends.gateways.caldav.multistatus import DavResponse, read_etag
from kalends.gateways.caldav.objects import (
    MOST_OBJECTS,
    TOO_MANY,
    WITH_DATA,
    Objects,
    members_in,
    object_in,
    read_objects,
    uid_in,
)
from kalends.gateways.caldav.questions import ETAG, RESOURCE_TYPE, ask_uid, ask_window
from kalends.gateways.caldav.session import DavSession, Listed, ReportRefused
from kalends.gateways.caldav.xml import DAV

CUT_SHORT: Final = 507
"""Said of the calendar itself: the list is not whole (RFC 4791 7.8, RFC 6578 3.6)."""

Etags = dict[str, str | None]


async def query_window(
    session: DavSession, calendar_url: str, window: ReadingWindow
) -> Objects | CalendarFailure:
    """The objects in a window: by one query or else, from a list of their etags, fifty at once."""
    listed = await session.report(calendar_url, ask_window(WITH_DATA, window), "1")
    if isinstance(listed, Listed) and not is_cut_short(listed):
        return await _objects_of(session, calendar_url, listed)
    if not isinstance(listed, Listed | ReportRefused | NotUnderstood):
        return listed
    etags = await list_etags(session, calendar_url, window)
    if not isinstance(etags, dict):
        return etags
    return await read_objects(session, calendar_url, list(etags))


async def list_etags(
    session: DavSession, calendar_url: str, window: ReadingWindow
) -> Etags | CalendarFailure:
    """The etags of the objects in a window, or of all objects if the server supports no windows."""
    listed = await session.report(calendar_url, ask_window((ETAG,), window), "1")
    if isinstance(listed, ReportRefused | NotUnderstood) or (
        isinstance(listed, Listed) and is_cut_short(listed)
    ):
        listed = await session.propfind(calendar_url, (ETAG, RESOURCE_TYPE), "1")
    if not isinstance(listed, Listed):
        return listed
    members = members_in(calendar_url, listed)
    if not isinstance(members, dict):
        return members
    etags = {
        path: read_etag(response.text(ETAG))
        for path, response in members.items()
        if not _is_folder(response) and response.status is None
    }
    return etags if len(etags) <= MOST_OBJECTS else TOO_MANY


async def query_uid(
    session: DavSession, calendar_url: str, uid: str
) -> list[CalendarObject] | CalendarFailure:
    """The objects with this UID. Others, which a server returns if it ignores the filter, are
    dropped."""
    listed = await session.report(calendar_url, ask_uid(WITH_DATA, uid), "1")
    if isinstance(listed, ReportRefused):
        return NotUnderstood(f"it answers {listed.status} to a search")
    if not isinstance(listed, Listed):
        return listed
    objects = await _objects_of(session, calendar_url, listed)
    if not isinstance(objects, Objects):
        return objects
    return [one for one in objects.found.values() if uid_in(one.data) == uid]


def is_cut_short(listed: Listed) -> bool:
    return any(response.status == CUT_SHORT for response in listed.multistatus.responses)


async def _objects_of(
    session: DavSession, calendar_url: str, listed: Listed
) -> Objects | CalendarFailure:
    """The objects in the answer to a query, and those that it names without their data."""
    members = members_in(calendar_url, listed)
    if not isinstance(members, dict):
        return members
    if len(members) > MOST_OBJECTS:
        return TOO_MANY
    objects = Objects()
    left = []
    for path, response in members.items():
        one = object_in(path, response)
        if one is not None:
            objects.add(one)
        elif response.status is None:
            left.append(path)
    more = await read_objects(session, calendar_url, left)
    if not isinstance(more, Objects):
        return more
    objects.join(more)
    return objects.excess or objects


def _is_folder(response: DavResponse) -> bool:
    kind = response.properties.get(RESOURCE_TYPE)
    return kind is not None and f"{DAV}collection" in kind.names()
