"""Reads calendar objects by their hrefs, many at once if the server can do that."""

import re
from collections.abc import Sequence
from typing import Final
from urllib.parse import urlsplit

from kalends.domain.calendars.failures import (
    CalendarFailure,
    CalendarGone,
    CalendarTooLarge,
    NotAllowed,
    NotUnderstood,
    ObjectGone,
)
from kalends.domain.calendars.readings import CalendarObject
from kalends.gateways.caldav.hrefs import member_of, url_in
from kalends.gateways.caldav.multistatus import DavResponse, read_etag
from kalends.gateways.caldav.questions import DATA, ETAG, STATE, ask_objects
from kalends.gateways.caldav.session import GONE, DavAnswer, DavSession, Listed
from kalends.gateways.redirects import failure_in

OBJECTS_AT_ONCE: Final = 50
MOST_OBJECTS: Final = 10_000
MOST_CALENDAR_BYTES: Final = 64_000_000
TOO_MANY: Final = CalendarTooLarge(f"the calendar has more than {MOST_OBJECTS} objects")
TOO_MUCH: Final = CalendarTooLarge(f"the calendar has more than {MOST_CALENDAR_BYTES} bytes")
WITH_DATA: Final = (ETAG, DATA)
OTHER_ADDRESSES: Final = NotUnderstood("its list names addresses outside the calendar")

_FOLD: Final = re.compile(rb"\r?\n[ \t]")
_UID: Final = re.compile(rb"^UID(?:;[^:\r\n]*)?:([^\r\n]*)", re.MULTILINE | re.IGNORECASE)
_EVENT: Final = re.compile(rb"^BEGIN:VEVENT", re.MULTILINE | re.IGNORECASE)
_CALENDAR: Final = re.compile(rb"(?:\xef\xbb\xbf)?\s*BEGIN:VCALENDAR", re.IGNORECASE)


class Objects:
    """What was found at some hrefs: objects, those that do not exist, and those that cannot be
    read."""

    def __init__(self) -> None:
        self.found: dict[str, CalendarObject] = {}
        self.missing: list[str] = []
        self.unreadable: list[str] = []
        self._bytes = 0

    def add(self, object_: CalendarObject) -> None:
        self._bytes += len(object_.data)
        self.found[object_.href] = object_

    def join(self, other: "Objects") -> None:
        for one in other.found.values():
            self.add(one)
        self.missing += other.missing
        self.unreadable += other.unreadable

    @property
    def excess(self) -> CalendarTooLarge | None:
        """The failure, if these are more objects or bytes than may be kept; else None."""
        if len(self.found) > MOST_OBJECTS:
            return TOO_MANY
        return TOO_MUCH if self._bytes > MOST_CALENDAR_BYTES else None


async def read_objects(
    session: DavSession, calendar_url: str, hrefs: Sequence[str]
) -> Objects | CalendarFailure:
    """All of the objects, read fifty at once; or the first failure that is not about one object."""
    if len(hrefs) > MOST_OBJECTS:
        return TOO_MANY
    objects = Objects()
    for start in range(0, len(hrefs), OBJECTS_AT_ONCE):
        batch = hrefs[start : start + OBJECTS_AT_ONCE]
        failure = await _add_batch(session, calendar_url, batch, objects)
        if failure or objects.excess:
            return failure or objects.excess or TOO_MANY
    return objects


async def _add_batch(
    session: DavSession, calendar_url: str, hrefs: Sequence[str], objects: Objects
) -> CalendarFailure | None:
    question = ask_objects(WITH_DATA, hrefs)
    listed = await session.list("REPORT", calendar_url, question, "1")
    match listed:
        case Listed():
            left = _take(calendar_url, listed, hrefs, objects)
            return await _add_one_by_one(session, calendar_url, left, objects)
        case CalendarTooLarge() if len(hrefs) > 1:
            middle = len(hrefs) // 2
            return await _add_batch(
                session, calendar_url, hrefs[:middle], objects
            ) or await _add_batch(session, calendar_url, hrefs[middle:], objects)
        case CalendarGone():
            # sabre/dav 1.8 answers like this if one of the objects is missing.
            state = await session.propfind(calendar_url, STATE, "0")
            if not isinstance(state, Listed):
                return state
        case CalendarTooLarge() | NotUnderstood() | NotAllowed():
            pass
        case _:
            return listed
    return await _add_one_by_one(session, calendar_url, hrefs, objects)


def _take(calendar_url: str, listed: Listed, hrefs: Sequence[str], objects: Objects) -> list[str]:
    """Adds the objects in the answer, and returns the hrefs that it says nothing about."""
    left = dict.fromkeys(hrefs)
    for response in listed.multistatus.responses:
        path = response.path
        if path not in left:
            continue
        one = object_in(path, response)
        if one is not None:
            objects.add(one)
        elif response.status in GONE:
            objects.missing.append(path)
        else:
            continue
        del left[path]
    return list(left)


async def _add_one_by_one(
    session: DavSession, calendar_url: str, hrefs: Sequence[str], objects: Objects
) -> CalendarFailure | None:
    for href in hrefs:
        answer = await read_object(session, calendar_url, href)
        match answer:
            case CalendarObject():
                objects.add(answer)
            case ObjectGone():
                objects.missing.append(href)
            case NotAllowed() | NotUnderstood() | CalendarTooLarge():
                objects.unreadable.append(href)
            case _:
                return answer
        if objects.excess:
            return objects.excess
    return None


async def read_object(
    session: DavSession, calendar_url: str, href: str
) -> CalendarObject | ObjectGone | CalendarFailure:
    """One object by GET. A web page in place of a calendar is a failure: it does not prove that the
    object is gone."""
    answer = await session.send("GET", url_in(calendar_url, href), {"Accept": "text/calendar"})
    if not isinstance(answer, DavAnswer):
        return answer
    failure = failure_in(answer.response)
    if isinstance(failure, CalendarGone):
        return ObjectGone()
    if failure is not None:
        return failure
    body = answer.response.body
    if not _CALENDAR.match(body):
        return NotUnderstood("what stands there is no calendar")
    return CalendarObject(href=href, etag=read_etag(answer.response.headers.get("etag")), data=body)


def object_in(path: str, response: DavResponse) -> CalendarObject | None:
    """The object in a response, if that has its data."""
    data = response.properties.get(DATA)
    if data is None or not data.text.strip():
        return None
    etag = read_etag(response.text(ETAG))
    return CalendarObject(href=path, etag=etag, data=data.text.strip().encode() + b"\r\n")


def members_in(calendar_url: str, listed: Listed) -> dict[str, DavResponse] | NotUnderstood:
    """The responses about objects of the calendar, by href; other responses are left out.

    If all are about something else, the answer counts as not understood, because it would look like
    an empty calendar.
    """
    own = urlsplit(calendar_url).path
    responses = listed.multistatus.responses
    is_about_it = not responses or any(
        f"{response.path}/".startswith(own) for response in responses
    )
    if not is_about_it or urlsplit(listed.url).path != own:
        return OTHER_ADDRESSES
    return {
        response.path: response for response in responses if member_of(calendar_url, response.path)
    }


def uid_in(data: bytes) -> str | None:
    """The UID of the first event of an object."""
    event = _EVENT.search(data)
    match = _UID.search(_FOLD.sub(b"", data[event.start() :])) if event else None
    return match[1].decode(errors="replace").strip() if match else None
