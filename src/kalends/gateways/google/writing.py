"""Writes and deletes events of ours in a Google calendar.

We choose an event's id, which follows from its UID. So writing it again after an answer was lost
finds the first one. Google never allows the id of a deleted event again. Nobody is invited, so
nobody is notified (`sendUpdates=none`).
"""

import base64
import hashlib
from collections.abc import Mapping
from typing import Any, Final

from kalends.domain.calendars.failures import (
    CalendarFailure,
    NotUnderstood,
    ObjectGone,
    UidTaken,
)
from kalends.domain.calendars.readings import CalendarObject
from kalends.domain.calendars.writings import ANY_VERSION, Conflict, ObjectDeleted, ObjectWritten
from kalends.gateways.google.events import UID_PROPERTY, unnamed_uid
from kalends.gateways.google.places import OWNED_SCOPE
from kalends.gateways.google.reading import events_path, read_object
from kalends.gateways.google.session import GoogleSession
from kalends.gateways.json_api import Answer, segment
from kalends.gateways.json_events import deletion_in
from kalends.gateways.written_files import moment_in, said_in

ID_BYTES: Final = 16
QUIET: Final = {"sendUpdates": "none", "fields": "id,etag,status"}


def id_of(uid: str) -> str:
    """The id of the event with that UID: a hash in characters that Google accepts (base32hex, in
    lower case)."""
    digest = hashlib.sha256(uid.encode()).digest()[:ID_BYTES]
    return base64.b32hexencode(digest).decode().rstrip("=").lower()


async def write_object(
    session: GoogleSession, calendar_id: str, href: str, data: bytes, etag: str | None
) -> ObjectWritten | Conflict | UidTaken | ObjectGone | CalendarFailure:
    """Creates the event, or changes the one that has `etag`; it leaves properties alone that we do
    not write."""
    event = event_in(data)
    path = events_path(calendar_id)
    if etag is None:
        answer = await session.send("POST", path, OWNED_SCOPE, QUIET, _given({**event, "id": href}))
    else:
        version = None if etag == ANY_VERSION else etag
        one = f"{path}/{segment(href)}"
        answer = await session.send("PATCH", one, OWNED_SCOPE, QUIET, event, etag=version)
    if not isinstance(answer, Answer):
        return answer
    if answer.is_success:
        return _written(answer, href)
    if etag is not None and answer.status in (404, 410):
        return await _there(session, calendar_id, href) or ObjectGone()
    if answer.status == 409 and etag is None:
        return await _there(session, calendar_id, href) or UidTaken()
    if answer.status == 412 or (answer.status == 403 and etag is not None):
        # A deleted event cannot be changed, whatever its version.
        conflict = await _there(session, calendar_id, href) or ObjectGone()
        return (
            answer.failure if answer.status == 403 and isinstance(conflict, Conflict) else conflict
        )
    return answer.failure


async def delete_object(
    session: GoogleSession, calendar_id: str, href: str, etag: str | None
) -> ObjectDeleted | Conflict | CalendarFailure:
    path = f"{events_path(calendar_id)}/{segment(href)}"
    quiet = {"sendUpdates": "none"}
    answer = await session.send("DELETE", path, OWNED_SCOPE, quiet, etag=etag)
    settled = deletion_in(answer)
    if settled is not None:
        return settled
    return await _there(session, calendar_id, href) or ObjectDeleted()


def _written(answer: Answer, href: str) -> ObjectWritten | CalendarFailure:
    etag = answer.value.get("etag")
    if not isinstance(etag, str):
        return NotUnderstood("it took the event, and does not say which version it is")
    return ObjectWritten(href=href, etag=etag)


async def _there(
    session: GoogleSession, calendar_id: str, href: str
) -> Conflict | CalendarFailure | None:
    """The conflict with the event that has the id; None if it was deleted."""
    current = await read_object(session, calendar_id, href)
    if isinstance(current, ObjectGone):
        return None
    if not isinstance(current, CalendarObject):
        return current
    return Conflict(current=current, is_ours=_is_ours(current))


def _is_ours(current: CalendarObject) -> bool:
    """Whether we wrote the event. Nobody can guess the id that belongs to a UID of ours, and a copy
    of an event gets another id. If Google does not show our UID, the id alone decides."""
    uid = said_in(current.data).get("UID", "")
    return uid == unnamed_uid(current.href) or id_of(uid) == current.href


def event_in(data: bytes) -> dict[str, Any]:
    """The event that we write, in Google's form; properties that the file lacks are cleared."""
    said = said_in(data)
    return {
        "summary": said.get("SUMMARY"),
        "description": said.get("DESCRIPTION"),
        "location": said.get("LOCATION"),
        "start": _time(said, "DTSTART"),
        "end": _time(said, "DTEND"),
        "status": said.get("STATUS", "confirmed").lower(),
        "transparency": "opaque",
        "extendedProperties": {"private": {UID_PROPERTY: said.get("UID", "")}},
    }


def _given(value: Mapping[str, Any]) -> dict[str, Any]:
    """The event without properties to clear, of which a new one has none."""
    said = {name: _given(each) if isinstance(each, dict) else each for name, each in value.items()}
    return {name: each for name, each in said.items() if each is not None}


def _time(said: Mapping[str, str], name: str) -> dict[str, str | None]:
    """An instant, which also replaces a date, in case somebody has made it an all-day event."""
    moment = moment_in(said, name)
    return {"dateTime": f"{moment:%Y-%m-%dT%H:%M:%SZ}", "timeZone": "UTC", "date": None}
