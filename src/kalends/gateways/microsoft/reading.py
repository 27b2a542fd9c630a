"""Reads a Microsoft calendar: in full, the changes since a token, or one event.

A round of changes (`calendarView/delta`) has a window that its tokens cannot move. So the daily
comparison begins a new round with that day's window, which ends a month later than requested. Graph
expands series. A series with any change is read as a whole, because lists of changes leave out
deleted occurrences; what they call removed is only a hint.
"""

import asyncio
from collections.abc import Collection
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from msgspec import Struct

from kalends.domain.calendars.accounts import KnownEtags
from kalends.domain.calendars.failures import (
    CalendarFailure,
    NotAllowed,
    NotUnderstood,
    ObjectGone,
    TokenRefused,
    Unanswered,
)
from kalends.domain.calendars.readings import CalendarObject, Changes, FullReading, ReadingWindow
from kalends.gateways.json_api import Answer, Query, is_not_found, segment, value_in
from kalends.gateways.json_events import FoundChanges, difference, id_in
from kalends.gateways.microsoft.events import (
    FIELDS,
    is_master,
    object_of,
    objects_of,
    series_object,
    series_of,
    uid_of_event,
)
from kalends.gateways.microsoft.pages import ListedPage, Row, list_changes, list_rows
from kalends.gateways.microsoft.places import CALENDARS_SCOPE
from kalends.gateways.microsoft.session import MicrosoftSession
from kalends.gateways.tokens import encode_token

SPARE: Final = timedelta(days=30)
# Lists of changes include the bodies of events, which are dropped; as text they are shorter.
PREFER: Final = ("odata.maxpagesize=200", 'outlook.body-content-type="text"')
MOST_EVENTS: Final = 30_000
MOST_OF_SERIES: Final = 2_000
# If more series than this have changed at once, the whole calendar is read instead.
MOST_SERIES: Final = 50
SELECTED: Final = {"$select": FIELDS}
A_PAGE: Final = "100"
# The extended property with our UID, by which an event of ours is found; people do not see it.
MARK: Final = "String {5f0c1a52-7a3e-4c1b-9d55-2f6f3b1f7c90} Name kalendsUid"
NEW: Final = "uid:"


class GraphSyncState(Struct, frozen=True):
    """How far a calendar has been read: the link to the next list of changes, and its window."""

    delta_url: str
    starts_at: str
    ends_at: str

    @property
    def span(self) -> Query:
        return _span(self.starts_at, self.ends_at)


async def read_all(
    session: MicrosoftSession, calendar_id: str, window: ReadingWindow
) -> FullReading | CalendarFailure:
    """All events that are at least partly in the window."""
    listed, span = await _list_window(session, calendar_id, window)
    if not isinstance(listed, ListedPage):
        return listed
    objects, unreadable = await asyncio.to_thread(objects_of, listed.rows)
    return FullReading(objects=objects, token=_token(listed, span), unreadable=unreadable)


async def compare_all(
    session: MicrosoftSession, calendar_id: str, known: KnownEtags, window: ReadingWindow
) -> Changes | CalendarFailure:
    """The differences between the calendar and what is known, by version."""
    listed, span = await _list_window(session, calendar_id, window)
    if not isinstance(listed, ListedPage):
        return listed
    objects, unreadable = await asyncio.to_thread(objects_of, listed.rows)
    return difference(objects, unreadable, known, _token(listed, span))


async def read_changes(
    session: MicrosoftSession, calendar_id: str, state: GraphSyncState
) -> Changes | TokenRefused | CalendarFailure:
    """The changes since that state. A series with any change is read as a whole."""
    first = await session.follow(state.delta_url, CALENDARS_SCOPE, PREFER)
    listed = await list_changes(session, first, MOST_EVENTS, PREFER)
    if not isinstance(listed, ListedPage):
        return listed
    reading = _Changing(session, calendar_id, state)
    found = await reading.read(listed.rows)
    if not isinstance(found, FoundChanges):
        return found
    return found.until(
        encode_token(GraphSyncState(listed.delta_url, state.starts_at, state.ends_at))
    )


class _Changing(Struct, frozen=True):
    """Reads the current state of what a list of changes names."""

    session: MicrosoftSession
    calendar_id: str
    state: GraphSyncState

    async def read(self, rows: Collection[Row]) -> FoundChanges | TokenRefused | CalendarFailure:
        """The changes in the rows. An event may be listed several times in any order, both as
        changed and as removed; if the rows contradict each other, the event is read."""
        removed = {id_in(row) for row in rows if "@removed" in row}
        live = {id_in(row): row for row in rows if "@removed" not in row and id_in(row)}
        series = {series_of(row) or id_ for id_, row in live.items() if series_of(row)}
        series |= {id_ for id_, row in live.items() if is_master(row)}
        if len(series) > MOST_SERIES:
            return TokenRefused("many series have changed at once")
        to_read = series | (removed & live.keys())
        singles = [row for id_, row in live.items() if id_ not in to_read and not series_of(row)]
        changes = FoundChanges(*objects_of(singles), removed - live.keys() - series)
        for href in sorted(to_read - changes.gone):
            current = await read_in(self.session, self.calendar_id, href, self.state.span)
            if failure := changes.add(href, current):
                return failure
        return changes


async def read_object(
    session: MicrosoftSession, calendar_id: str, href: str
) -> CalendarObject | ObjectGone | CalendarFailure:
    """One event in its current state, which proves that it exists. An event of ours whose creation
    had no clear answer is found by our mark."""
    if not href.startswith(NEW):
        return await read_in(session, calendar_id, href, None)
    found = await find_marked(session, calendar_id, href.removeprefix(NEW))
    if not isinstance(found, list):
        return found
    return found[0] if found else ObjectGone()


async def find_objects(
    session: MicrosoftSession, calendar_id: str, uid: str
) -> list[CalendarObject] | CalendarFailure:
    """The events that we gave this UID. A calendar that we may not read has none, as nothing of
    ours was moved there."""
    found = await find_marked(session, calendar_id, uid)
    return [] if isinstance(found, NotAllowed) else found


async def find_marked(
    session: MicrosoftSession, calendar_id: str, uid: str
) -> list[CalendarObject] | CalendarFailure:
    """The events that have our mark; the one that we wrote comes before its copies."""
    mark = f"ep/id eq '{MARK}' and ep/value eq '{uid}'"
    query = {
        "$filter": f"singleValueExtendedProperties/Any(ep: {mark})",
        "$select": FIELDS,
        "$top": A_PAGE,
    }
    rows = await list_rows(session, events_path(calendar_id), query, MOST_OF_SERIES)
    if not isinstance(rows, list):
        return rows
    ours_first = sorted(rows, key=lambda row: uid_of_event(row) != uid)
    return [made for row in ours_first if (made := object_of(row)) is not None]


async def read_in(
    session: MicrosoftSession, calendar_id: str, href: str, span: Query | None
) -> CalendarObject | ObjectGone | CalendarFailure:
    """The event; a series with its occurrences in that span or, without one, in its first years."""
    path = f"{events_path(calendar_id)}/{segment(href)}"
    answer = await session.send("GET", path, CALENDARS_SCOPE, SELECTED)
    if is_not_found(answer):
        return await _gone(session, calendar_id)
    row = value_in(answer)
    if not isinstance(row, dict):
        return row
    if not is_master(row):
        return object_of(row) or NotUnderstood("the event cannot be read")
    return await _read_series(session, path, row, span or _own_span(row))


async def _read_series(
    session: MicrosoftSession, path: str, master: Row, span: Query
) -> CalendarObject | ObjectGone | CalendarFailure:
    query = {**SELECTED, **span, "$top": A_PAGE}
    rows = await list_rows(session, f"{path}/instances", query, MOST_OF_SERIES)
    if not isinstance(rows, list):
        return rows
    if not rows:
        return ObjectGone()
    return series_object(master, rows) or NotUnderstood("nothing of a series can be read")


async def _gone(session: MicrosoftSession, calendar_id: str) -> ObjectGone | CalendarFailure:
    """The event is gone, unless another request shows that its whole calendar is."""
    path = f"me/calendars/{segment(calendar_id)}"
    answer = await session.send("GET", path, CALENDARS_SCOPE, {"$select": "id"})
    if not isinstance(answer, Answer):
        return answer
    return ObjectGone() if answer.is_success else answer.failure


async def _list_window(
    session: MicrosoftSession, calendar_id: str, window: ReadingWindow
) -> tuple[ListedPage | CalendarFailure, GraphSyncState]:
    state = GraphSyncState("", _utc(window.starts_at), _utc(window.ends_at + SPARE))
    path = f"me/calendars/{segment(calendar_id)}/calendarView/delta"
    first = await session.send("GET", path, CALENDARS_SCOPE, state.span, prefer=PREFER)
    listed = await list_changes(session, first, MOST_EVENTS, PREFER)
    if isinstance(listed, TokenRefused):
        return Unanswered("a round was broken off, and has to begin anew"), state
    return listed, state


def _token(listed: ListedPage, state: GraphSyncState) -> str:
    return encode_token(GraphSyncState(listed.delta_url, state.starts_at, state.ends_at))


def _own_span(master: Row) -> Query:
    """A span at the series' own beginning, long enough to see that it is not a single event."""
    given: Any = master.get("start")
    time = given.get("dateTime") if isinstance(given, dict) else None
    try:
        start = datetime.fromisoformat(str(time)).replace(tzinfo=UTC)
    except ValueError:
        start = datetime(2020, 1, 1, tzinfo=UTC)
    return _span(_utc(start), _utc(start + timedelta(days=800)))


def _span(starts_at: str, ends_at: str) -> Query:
    return {"startDateTime": starts_at, "endDateTime": ends_at}


def _utc(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"


def events_path(calendar_id: str) -> str:
    return f"me/calendars/{segment(calendar_id)}/events"
