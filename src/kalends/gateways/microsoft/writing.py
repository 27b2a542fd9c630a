"""Writes and deletes events of ours in a Microsoft calendar.

Graph chooses the id of an event. If an answer was lost, writing it again first looks for an event
with our mark, and then sends the same `transactionId`, with which Graph does not create a second
one. Nobody is invited, so nobody is notified.
"""

from collections.abc import Mapping
from typing import Any, Final

from kalends.domain.calendars.failures import (
    CalendarFailure,
    NotUnderstood,
    ObjectGone,
    UidTaken,
    Unanswered,
)
from kalends.domain.calendars.readings import CalendarObject
from kalends.domain.calendars.writings import ANY_VERSION, Conflict, ObjectDeleted, ObjectWritten
from kalends.formats.lenient_json import dict_in
from kalends.gateways.json_api import Answer, segment
from kalends.gateways.json_events import deletion_in, id_in
from kalends.gateways.microsoft.events import object_of
from kalends.gateways.microsoft.places import CALENDARS_SCOPE
from kalends.gateways.microsoft.reading import (
    MARK,
    NEW,
    events_path,
    find_marked,
    read_in,
    read_object,
)
from kalends.gateways.microsoft.session import MicrosoftSession
from kalends.gateways.written_files import moment_in, said_in

TAKEN: Final = "ErrorDuplicateTransactionId"
# What an answer has to repeat of what we sent, so that it is about this event and no earlier one.
COMPARED: Final = ("subject", "showAs")
TIMES: Final = ("start", "end")
AS_TEXT: Final = ('outlook.body-content-type="text"',)
TO_THE_SECOND: Final = len("2026-12-01T10:00:00")


async def write_object(
    session: MicrosoftSession, calendar_id: str, href: str, data: bytes, etag: str | None
) -> ObjectWritten | Conflict | UidTaken | ObjectGone | CalendarFailure:
    """Creates the event, or changes the one that has `etag`; it leaves properties alone that we do
    not write."""
    said = said_in(data)
    if etag is None:
        return await _create(session, calendar_id, said)
    known = await _id_of(session, calendar_id, href)
    if not isinstance(known, str):
        return known
    path = f"{events_path(calendar_id)}/{segment(known)}"
    event = event_of(said)
    text = event.pop("body")
    answer = await _change(session, path, event, None if etag == ANY_VERSION else etag)
    if isinstance(answer, Answer) and answer.is_success and _needs_text(answer.value, text):
        answer = await _change(session, path, {"body": text}, answer.value.get("@odata.etag"))
    if not isinstance(answer, Answer):
        return answer
    if answer.is_success:
        return _written(answer)
    if answer.status in (404, 410, 412):
        return await _there(session, calendar_id, known)
    return answer.failure


async def _change(
    session: MicrosoftSession, path: str, event: Mapping[str, Any], etag: str | None
) -> Answer | CalendarFailure:
    return await session.send(
        "PATCH", path, CALENDARS_SCOPE, None, event, etag=etag, prefer=AS_TEXT
    )


def _needs_text(row: Mapping[str, Any], text: Mapping[str, str]) -> bool:
    """Whether the text has to be written. That of an online meeting is never written: Graph keeps
    the call in it, and a text without it would end the call."""
    known = dict_in(row.get("body")).get("content")
    words = known.split() if isinstance(known, str) else []
    return row.get("isOnlineMeeting") is not True and words != text["content"].split()


async def delete_object(
    session: MicrosoftSession, calendar_id: str, href: str, etag: str | None
) -> ObjectDeleted | Conflict | CalendarFailure:
    """Deletes an event; one that does not exist counts as deleted."""
    known = await _id_of(session, calendar_id, href)
    if isinstance(known, ObjectGone):
        return ObjectDeleted()
    if not isinstance(known, str):
        return known
    path = f"{events_path(calendar_id)}/{segment(known)}"
    answer = await session.send("DELETE", path, CALENDARS_SCOPE, etag=etag)
    settled = deletion_in(answer)
    if settled is not None:
        return settled
    there = await _there(session, calendar_id, known)
    return ObjectDeleted() if isinstance(there, ObjectGone) else there


async def _create(
    session: MicrosoftSession, calendar_id: str, said: Mapping[str, str]
) -> ObjectWritten | Conflict | CalendarFailure:
    uid, event = said.get("UID", ""), event_of(said)
    marked = {"transactionId": uid, "singleValueExtendedProperties": [{"id": MARK, "value": uid}]}
    path = events_path(calendar_id)
    answer = await session.send("POST", path, CALENDARS_SCOPE, None, {**event, **marked})
    if not isinstance(answer, Answer):
        return answer
    if answer.reason == TAKEN:
        return await _created_before(session, calendar_id, uid)
    if not answer.is_success:
        return answer.failure
    made = object_of(answer.value)
    if made is not None and not _says(answer.value, event):
        return Conflict(current=made, is_ours=True)
    return _written(answer)


async def _created_before(
    session: MicrosoftSession, calendar_id: str, uid: str
) -> Conflict | CalendarFailure:
    """The conflict with an event that was created before. A failure if it cannot be found, as it is
    better to create none than two."""
    found = await find_marked(session, calendar_id, uid)
    if not isinstance(found, list):
        return found
    if not found:
        return Unanswered("an event of ours was created before, and is not shown")
    return Conflict(current=found[0], is_ours=True)


async def _id_of(
    session: MicrosoftSession, calendar_id: str, href: str
) -> str | ObjectGone | CalendarFailure:
    """The id of the event, which is searched by our mark if its creation had no clear answer."""
    if not href.startswith(NEW):
        return href
    found = await read_object(session, calendar_id, href)
    return found.href if isinstance(found, CalendarObject) else found


async def _there(
    session: MicrosoftSession, calendar_id: str, id_: str
) -> Conflict | ObjectGone | CalendarFailure:
    """The conflict with the event at the id, which Graph has given to an event of ours."""
    current = await read_in(session, calendar_id, id_, None)
    if isinstance(current, CalendarObject):
        return Conflict(current=current, is_ours=True)
    return current


def _written(answer: Answer) -> ObjectWritten | CalendarFailure:
    id_, etag = id_in(answer.value), answer.value.get("@odata.etag")
    if not id_ or not isinstance(etag, str):
        return NotUnderstood("it took the event, and does not say which one it is")
    return ObjectWritten(href=id_, etag=etag)


def _says(row: Mapping[str, Any], event: Mapping[str, Any]) -> bool:
    """Whether the event in the answer is the one that was sent."""
    times = [
        str(dict_in(one.get(name)).get("dateTime"))[:TO_THE_SECOND]
        for one in (row, event)
        for name in TIMES
    ]
    return times[:2] == times[2:] and all(row.get(name) == event[name] for name in COMPARED)


def event_of(said: Mapping[str, str]) -> dict[str, Any]:
    """The event that we write, in Graph's form; properties that the file lacks are cleared."""
    is_tentative = said.get("STATUS") == "TENTATIVE"
    return {
        "subject": said.get("SUMMARY", ""),
        "body": {"contentType": "text", "content": said.get("DESCRIPTION", "")},
        "location": {"displayName": said.get("LOCATION", "")},
        "start": _time(said, "DTSTART"),
        "end": _time(said, "DTEND"),
        "isAllDay": False,
        "showAs": "tentative" if is_tentative else "busy",
    }


def _time(said: Mapping[str, str], name: str) -> dict[str, str]:
    return {"dateTime": f"{moment_in(said, name):%Y-%m-%dT%H:%M:%S}", "timeZone": "UTC"}
