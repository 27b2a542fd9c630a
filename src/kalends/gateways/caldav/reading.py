"""Reads a calendar: in full, the changes since a state, and the differences from what is known."""

from kalends.domain.calendars.accounts import KnownEtags
from kalends.domain.calendars.failures import CalendarFailure, TokenRefused
from kalends.domain.calendars.readings import Changes, FullReading, ReadingWindow
from kalends.gateways.caldav.objects import Objects, read_objects
from kalends.gateways.caldav.objects import read_object as read_object
from kalends.gateways.caldav.queries import list_etags, query_window
from kalends.gateways.caldav.session import DavSession
from kalends.gateways.caldav.states import CalendarState, read_state
from kalends.gateways.caldav.sync import Delta, read_delta
from kalends.gateways.tokens import encode_token


async def read_all(
    session: DavSession, calendar_url: str, window: ReadingWindow
) -> FullReading | CalendarFailure:
    """All objects in a window. The state is read first, so that what changes meanwhile is read
    twice rather than missed."""
    state = await read_state(session, calendar_url)
    if not isinstance(state, CalendarState):
        return state
    objects = await query_window(session, calendar_url, window)
    if not isinstance(objects, Objects):
        return objects
    return FullReading(
        objects=list(objects.found.values()),
        token=encode_token(state),
        unreadable=objects.unreadable,
    )


async def read_changes(
    session: DavSession, calendar_url: str, before: CalendarState
) -> Changes | TokenRefused | CalendarFailure:
    """The changes since that state; if there are none, it takes one small request."""
    now = await read_state(session, calendar_url)
    if not isinstance(now, CalendarState):
        return now
    if now.proves_unchanged(before):
        return Changes(changed=[], removed=[], token=encode_token(before))
    if before.sync is None or now.sync is None:
        return TokenRefused("the server does not say what has changed")
    delta = await read_delta(session, calendar_url, before.sync)
    if not isinstance(delta, Delta):
        return delta
    if delta.is_empty and now.ctag != before.ctag:
        return TokenRefused("the calendar has changed, and the server does not say how")
    return await _changes_of(session, calendar_url, delta, now.ctag)


async def compare_all(
    session: DavSession, calendar_url: str, known: KnownEtags, window: ReadingWindow
) -> Changes | CalendarFailure:
    """The differences between the calendar and what is known, by etag."""
    state = await read_state(session, calendar_url)
    if not isinstance(state, CalendarState):
        return state
    etags = await list_etags(session, calendar_url, window)
    if not isinstance(etags, dict):
        return etags
    changed = [
        href for href, etag in etags.items() if etag is None or not is_same(known.get(href), etag)
    ]
    objects = await read_objects(session, calendar_url, changed)
    if not isinstance(objects, Objects):
        return objects
    gone = [href for href in known if href not in etags]
    return Changes(
        changed=list(objects.found.values()),
        removed=gone + [href for href in objects.missing if href in known],
        token=encode_token(state),
        unreadable=objects.unreadable,
        is_emptied=bool(known) and not etags,
    )


def is_same(known: str | None, etag: str) -> bool:
    """Whether two etags mean the same version, even if a proxy has made one of them weak."""
    return known is not None and known.removeprefix("W/") == etag.removeprefix("W/")


async def _changes_of(
    session: DavSession, calendar_url: str, delta: Delta, ctag: str | None
) -> Changes | CalendarFailure:
    """The changes in a delta, with its objects read. One that is gone by then counts as removed."""
    objects = await read_objects(session, calendar_url, delta.changed)
    if not isinstance(objects, Objects):
        return objects
    return Changes(
        changed=list(objects.found.values()),
        removed=delta.removed + objects.missing,
        token=encode_token(CalendarState(delta.token, ctag)),
        unreadable=delta.unreadable + objects.unreadable,
    )
