"""Reads a Google calendar: in full, the changes since a token, or one event.

Google does not expand series for us: they come as one event with a rule (`singleEvents=false`).
Expanded, an endless series would be hundreds of events, as no window limits a list of changes.
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

# An occurrence from before the window may have been moved into it, so reading begins earlier.
BEFORE_WINDOW: Final = timedelta(days=30)
A_PAGE: Final = "1000"
MOST_EVENTS: Final = 30_000
MOST_PAGES: Final = 200
# If more series than this have changed at once, the whole calendar is read instead.
MOST_SERIES: Final = 50
LIST_FIELDS: Final = f"nextPageToken,nextSyncToken,items({FIELDS})"
# The same in each request about a calendar, as a token requires unchanged parameters.
ASKED: Final = {"singleEvents": "false", "maxResults": A_PAGE, "fields": LIST_FIELDS}


class GoogleSyncState(Struct, frozen=True):
    """How far a calendar has been read; it is kept in our state token."""

    sync: str


class _Changed(Struct, frozen=True):
    """The content of a list of changes: single events, the listed parts of series (by the event
    that each series began with), and what is gone."""

    singles: list[Event]
    series: dict[str, list[Event]]
    gone: set[str]


class ListedEvents(Struct, frozen=True):
    """The events on all pages of a list, and the token for the next list of changes."""

    events: list[Event]
    sync: str | None


async def read_all(
    session: GoogleSession, calendar_id: str, window: ReadingWindow
) -> FullReading | CalendarFailure:
    """All events that are at least partly in the window, and series that recur in it."""
    listed = await _list_window(session, calendar_id, window)
    if not isinstance(listed, ListedEvents):
        return listed
    objects, unreadable = objects_of(listed.events)
    return FullReading(objects=objects, token=_token(listed), unreadable=unreadable)


async def compare_all(
    session: GoogleSession, calendar_id: str, known: KnownEtags, window: ReadingWindow
) -> Changes | CalendarFailure:
    """The differences between the calendar and what is known, by etag."""
    listed = await _list_window(session, calendar_id, window)
    if not isinstance(listed, ListedEvents):
        return listed
    return difference(*objects_of(listed.events), known, _token(listed))


async def read_changes(
    session: GoogleSession, calendar_id: str, state: GoogleSyncState
) -> Changes | TokenRefused | CalendarFailure:
    """The changes since that state. A series with any change is read as a whole."""
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
    """Sorts the events of a list of changes into single events, series and what is gone."""
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
    """The object of a series, from all of its parts, which share one UID."""
    uid = next((e["iCalUID"] for e in parts if isinstance(e.get("iCalUID"), str)), None)
    if uid is None:
        first_event = await _get(session, calendar_id, href)
        if not isinstance(first_event, dict):
            return first_event
        uid = first_event.get("iCalUID")
    if not isinstance(uid, str):
        return NotUnderstood("a series has no UID")
    query = {"iCalUID": uid, "fields": LIST_FIELDS, "maxResults": A_PAGE, "singleEvents": "false"}
    listed = await _list(session, calendar_id, query)
    if isinstance(listed, TokenRefused):
        return NotUnderstood(listed.reason)
    if not isinstance(listed, ListedEvents):
        return listed
    # Cancelled occurrences in the list of changes are kept, even if the list by UID lacks them.
    known = {id_in(event): event for event in (*parts, *listed.events)}
    parts_of_series = [e for e in known.values() if href in (id_in(e), series_of(e))]
    if all(is_cancelled(event) for event in parts_of_series):
        return ObjectGone()
    return object_of(href, parts_of_series) or NotUnderstood("nothing of a series can be read")


async def read_object(
    session: GoogleSession, calendar_id: str, href: str
) -> CalendarObject | ObjectGone | CalendarFailure:
    """One event in its current state, which proves that it exists: Google answers deleted events
    too, as cancelled."""
    event = await _get(session, calendar_id, href)
    if not isinstance(event, dict):
        return event
    return object_of(href, [event]) or NotUnderstood("the event cannot be read")


async def find_objects(
    session: GoogleSession, calendar_id: str, uid: str, href: str
) -> list[CalendarObject] | CalendarFailure:
    """The events that we gave this UID, or the id made from it, which an event keeps when it is
    moved to another calendar. A calendar that we may not read has none, as nothing of ours was
    moved there."""
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
    """The event, unless it is deleted. If Google does not know it, another request tells whether
    the whole calendar is gone."""
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
    """The events from the window's start on, without an end, as lists of changes have none."""
    since = (window.starts_at - BEFORE_WINDOW).astimezone(UTC)
    listed = await _list(session, calendar_id, {"timeMin": f"{since:%Y-%m-%dT%H:%M:%SZ}"})
    return NotUnderstood(listed.reason) if isinstance(listed, TokenRefused) else listed


async def _list(
    session: GoogleSession, calendar_id: str, asked: Mapping[str, str]
) -> ListedEvents | TokenRefused | CalendarFailure:
    """All pages of a list; the last one has the token for the next list of changes."""
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
    """Our state token. If Google gave none, the next reading is a full one."""
    return "" if listed.sync is None else encode_token(GoogleSyncState(listed.sync))


def events_path(calendar_id: str) -> str:
    return f"calendars/{segment(calendar_id)}/events"
