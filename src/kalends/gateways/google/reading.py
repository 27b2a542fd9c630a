"""Reading a calendar: all of it, what has changed, one event.

Events come as Google keeps them, a series as one with its rule (`singleEvents=false`): expanded by
Google, an endless series comes as hundreds of events, and no window bounds what has changed.
"""

from collections.abc import Mapping
from datetime import UTC, timedelta
from typing import Any, Final

from msgspec import Struct

from kalends.domain.calendars.accounts import KnownEtags
from kalends.domain.calendars.failures import (
    CalendarFailure,
    CalendarGone,
    CalendarTooLarge,
    NotAllowed,
    NotUnderstood,
    ObjectGone,
    TokenRefused,
)
from kalends.domain.calendars.readings import CalendarObject, Changes, FullReading, ReadingWindow
from kalends.formats.lenient_json import dict_in, list_in
from kalends.gateways.google.events import (
    FIELDS,
    UID_PROPERTY,
    Event,
    is_cancelled,
    object_of,
    objects_of,
    recurs,
    series_of,
)
from kalends.gateways.google.places import BUSY_SCOPE, LIST_SCOPE
from kalends.gateways.google.session import GoogleSession
from kalends.gateways.json_api import Answer, is_not_found, segment, value_in
from kalends.gateways.json_events import FoundChanges, difference, id_in
from kalends.gateways.tokens import encode_token

# What was moved into the window from before it has to be known, too.
BEFORE_WINDOW: Final = timedelta(days=30)
A_PAGE: Final = "1000"
MOST_EVENTS: Final = 30_000
MOST_PAGES: Final = 200
# Of more than so many series that have changed at once all of the calendar is read.
MOST_SERIES: Final = 50
LIST_FIELDS: Final = f"nextPageToken,nextSyncToken,items({FIELDS})"
# The same in each request of a calendar: what a token goes on with must not change.
ASKED: Final = {"singleEvents": "false", "maxResults": A_PAGE, "fields": LIST_FIELDS}


class GoogleSyncState(Struct, frozen=True):
    """How far a calendar has been read."""

    sync: str


class _Changed(Struct, frozen=True):
    """What a list of changes is about: events by themselves, series of which it has parts, by the
    event that they began with, and what is gone."""

    singles: list[Event]
    series: dict[str, list[Event]]
    gone: set[str]


class ListedEvents(Struct, frozen=True):
    """All pages of a list, and the token to go on with."""

    events: list[Event]
    sync: str | None


async def read_all(
    session: GoogleSession, calendar_id: str, window: ReadingWindow
) -> FullReading | CalendarFailure:
    """All that has a part in the window, or goes on in it."""
    listed = await _list_window(session, calendar_id, window)
    if not isinstance(listed, ListedEvents):
        return listed
    objects, unreadable = objects_of(listed.events)
    return FullReading(objects=objects, token=_token(listed), unreadable=unreadable)


async def compare_all(
    session: GoogleSession, calendar_id: str, known: KnownEtags, window: ReadingWindow
) -> Changes | CalendarFailure:
    """The difference between what is there and what is known, by etag."""
    listed = await _list_window(session, calendar_id, window)
    if not isinstance(listed, ListedEvents):
        return listed
    return difference(*objects_of(listed.events), known, _token(listed))


async def read_changes(
    session: GoogleSession, calendar_id: str, state: GoogleSyncState
) -> Changes | TokenRefused | CalendarFailure:
    """What has changed since then. A series that has changed in any part comes as a whole."""
    listed = await _list(session, calendar_id, {"syncToken": state.sync})
    if not isinstance(listed, ListedEvents):
        return listed
    changed = _sorted(listed.events)
    if len(changed.series) > MOST_SERIES:
        return TokenRefused("many series have changed at once")
    changes = FoundChanges(*objects_of(changed.singles), changed.gone)
    for href, parts in changed.series.items():
        found = await _read_series(session, calendar_id, href, parts)
        if failure := changes.add(href, found):
            return failure
    return changes.until(_token(listed))


def _sorted(events: list[Event]) -> _Changed:
    """What is to be done about each event of a list of changes."""
    singles: dict[str, Event] = {}
    series: dict[str, list[Event]] = {}
    for event in events:
        whole = series_of(event)
        if whole is None and recurs(event) and not is_cancelled(event):
            whole = id_in(event)
        if whole is None:
            singles[id_in(event)] = event
        else:
            series.setdefault(whole, []).append(event)
    gone = {href for href, event in singles.items() if is_cancelled(event)}
    touched = {href: parts for href, parts in series.items() if href not in gone}
    return _Changed([e for href, e in singles.items() if href not in touched], touched, gone)


async def _read_series(
    session: GoogleSession, calendar_id: str, href: str, parts: list[Event]
) -> CalendarObject | ObjectGone | CalendarFailure:
    """All parts of a series, which have one UID."""
    uid = next((e["iCalUID"] for e in parts if isinstance(e.get("iCalUID"), str)), None)
    if uid is None:
        began = await _get(session, calendar_id, href)
        if not isinstance(began, dict):
            return began
        uid = began.get("iCalUID")
    if not isinstance(uid, str):
        return NotUnderstood("a series has no UID")
    query = {"iCalUID": uid, "fields": LIST_FIELDS, "maxResults": A_PAGE, "singleEvents": "false"}
    listed = await _list(session, calendar_id, query)
    if isinstance(listed, TokenRefused):
        return NotUnderstood(listed.reason)
    if not isinstance(listed, ListedEvents):
        return listed
    # What the list of changes says of cancelled occurrences stands, should the other be without it.
    known = {id_in(event): event for event in (*parts, *listed.events)}
    its = [e for e in known.values() if href in (id_in(e), series_of(e))]
    if all(is_cancelled(event) for event in its):
        return ObjectGone()
    return object_of(href, its) or NotUnderstood("nothing of a series can be read")


async def read_object(
    session: GoogleSession, calendar_id: str, href: str
) -> CalendarObject | ObjectGone | CalendarFailure:
    """One event as it stands there: the proof that it does. What was deleted is answered too, as
    cancelled."""
    event = await _get(session, calendar_id, href)
    if not isinstance(event, dict):
        return event
    return object_of(href, [event]) or NotUnderstood("the event cannot be read")


async def find_objects(
    session: GoogleSession, calendar_id: str, uid: str, href: str
) -> list[CalendarObject] | CalendarFailure:
    """The events that we gave this UID, or its id, which an event keeps when it is moved from one
    calendar to another. Where nothing may be read nothing was moved to."""
    found = await read_object(session, calendar_id, href)
    if isinstance(found, CalendarObject):
        return [found]
    if isinstance(found, NotAllowed):
        return []
    if not isinstance(found, ObjectGone):
        return found
    query = {**ASKED, "privateExtendedProperty": f"{UID_PROPERTY}={uid}"}
    listed = await _list(session, calendar_id, query)
    if isinstance(listed, TokenRefused):
        return NotUnderstood(listed.reason)
    return objects_of(listed.events)[0] if isinstance(listed, ListedEvents) else listed


async def _get(
    session: GoogleSession, calendar_id: str, href: str
) -> dict[str, Any] | ObjectGone | CalendarFailure:
    """The event, unless it is deleted. Where Google knows nothing of it, its calendar may be gone:
    that is asked for by itself."""
    path = f"{events_path(calendar_id)}/{segment(href)}"
    answer = await session.send("GET", path, BUSY_SCOPE, {"fields": FIELDS})
    if is_not_found(answer):
        return await _gone(session, calendar_id)
    event = value_in(answer)
    return ObjectGone() if isinstance(event, dict) and is_cancelled(event) else event


async def _gone(session: GoogleSession, calendar_id: str) -> ObjectGone | CalendarFailure:
    path = f"users/me/calendarList/{segment(calendar_id)}"
    answer = await session.send("GET", path, LIST_SCOPE, {"fields": "id,deleted"})
    if not isinstance(answer, Answer):
        return answer
    if answer.is_success:
        return CalendarGone() if answer.value.get("deleted") is True else ObjectGone()
    return answer.failure


async def _list_window(
    session: GoogleSession, calendar_id: str, window: ReadingWindow
) -> ListedEvents | CalendarFailure:
    """Without an end: what a token goes on with has none."""
    since = (window.starts_at - BEFORE_WINDOW).astimezone(UTC)
    listed = await _list(session, calendar_id, {"timeMin": f"{since:%Y-%m-%dT%H:%M:%SZ}"})
    return NotUnderstood(listed.reason) if isinstance(listed, TokenRefused) else listed


async def _list(
    session: GoogleSession, calendar_id: str, asked: Mapping[str, str]
) -> ListedEvents | TokenRefused | CalendarFailure:
    """All pages; the token to go on with is on the last."""
    query = {**ASKED, **asked}
    events: list[Event] = []
    for _ in range(MOST_PAGES):
        answer = await session.send("GET", events_path(calendar_id), BUSY_SCOPE, query)
        if not isinstance(answer, Answer):
            return answer
        if answer.status == 410 or (answer.status == 400 and "syncToken" in query):
            return TokenRefused("Google does not go on from this token")
        if not answer.is_success:
            return answer.failure
        events.extend(map(dict_in, list_in(answer.value.get("items"))))
        if len(events) > MOST_EVENTS:
            return CalendarTooLarge(f"it has more than {MOST_EVENTS} events")
        page = answer.value.get("nextPageToken")
        if not isinstance(page, str):
            sync = answer.value.get("nextSyncToken")
            return ListedEvents(events, sync if isinstance(sync, str) else None)
        query["pageToken"] = page
    return CalendarTooLarge(f"it has more than {MOST_PAGES} pages")


def _token(listed: ListedEvents) -> str:
    """Where Google gives none, all is read the next time."""
    return "" if listed.sync is None else encode_token(GoogleSyncState(listed.sync))


def events_path(calendar_id: str) -> str:
    return f"calendars/{segment(calendar_id)}/events"
