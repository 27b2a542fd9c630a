"""Writes and deletes objects, on the condition that they are still the version that we know."""

from typing import Final
from urllib.parse import unquote, urlsplit

from kalends.domain.calendars.failures import (
    CalendarFailure,
    CalendarGone,
    NotAllowed,
    NotUnderstood,
    ObjectGone,
    UidTaken,
    Unanswered,
)
from kalends.domain.calendars.readings import CalendarObject
from kalends.domain.calendars.writings import ANY_VERSION, Conflict, ObjectDeleted, ObjectWritten
from kalends.gateways.caldav.hrefs import path_of, url_in
from kalends.gateways.caldav.multistatus import read_etag
from kalends.gateways.caldav.objects import read_object, uid_in
from kalends.gateways.caldav.session import GONE, DavAnswer, DavSession
from kalends.gateways.caldav.xml import DAV
from kalends.gateways.redirects import failure_in

CALENDAR_TYPE: Final = "text/calendar; charset=utf-8"
EXTENSION: Final = ".ics"
DELETED: Final = GONE | {200, 202, 204}
UID_CAUSES: Final = frozenset({"no-uid-conflict", "unique-scheduling-object-resource"})
UID_SENTENCE: Final = b"uid already exists"
"""Nextcloud's, which names no cause; its bin counts, too."""


async def write_object(
    session: DavSession, calendar_url: str, href: str, data: bytes, etag: str | None
) -> ObjectWritten | Conflict | UidTaken | ObjectGone | CalendarFailure:
    """Writes by PUT; reads the object if the answer leaves its version open (RFC 4791 5.3.4)."""
    condition = {"If-Match": _strong(etag)} if etag else {"If-None-Match": "*"}
    if etag == ANY_VERSION:  # not all servers understand `If-Match: *`
        condition = {}
    headers = {"Content-Type": CALENDAR_TYPE, **condition}
    answer = await session.send("PUT", url_in(calendar_url, href), headers, data)
    if not isinstance(answer, DavAnswer):
        return answer
    if 200 <= answer.status < 300:
        return await _written(session, calendar_url, href, answer)
    if answer.status == 412 or _is_about_uid(answer):
        return await _conflict(session, calendar_url, href, data, etag, answer)
    if etag and answer.status in GONE:
        return ObjectGone()
    if answer.status == 409:  # a folder above is missing (RFC 4918 9.7.1)
        return CalendarGone()
    return _refusal(answer)


async def delete_object(
    session: DavSession, calendar_url: str, href: str, etag: str | None
) -> ObjectDeleted | Conflict | CalendarFailure:
    """Deletes an object; one that does not exist counts as deleted."""
    condition = {"If-Match": _strong(etag)} if etag else {}
    answer = await session.send("DELETE", url_in(calendar_url, href), condition)
    if not isinstance(answer, DavAnswer):
        return answer
    if answer.status in DELETED:
        return ObjectDeleted()
    if answer.status != 412:
        return _refusal(answer)
    current = await read_object(session, calendar_url, href)
    if isinstance(current, ObjectGone):
        return ObjectDeleted()
    if not isinstance(current, CalendarObject):
        return current
    return Conflict(current=current, is_ours=uid_in(current.data) == _uid_of(href))


async def _written(
    session: DavSession, calendar_url: str, href: str, answer: DavAnswer
) -> ObjectWritten | CalendarFailure:
    """The object as written. Without a strong etag the server may have changed it, so its version
    is read."""
    etag = read_etag(answer.response.headers.get("etag"))
    if etag and not etag.startswith("W/"):
        return ObjectWritten(href=href, etag=etag)
    stored = await read_object(session, calendar_url, href)
    if isinstance(stored, ObjectGone):
        return Unanswered("it took the event, and does not show it")
    if not isinstance(stored, CalendarObject):
        return stored
    return ObjectWritten(href=href, etag=stored.etag, stored=stored)


async def _conflict(
    session: DavSession,
    calendar_url: str,
    href: str,
    data: bytes,
    etag: str | None,
    answer: DavAnswer,
) -> Conflict | UidTaken | ObjectGone | CalendarFailure:
    """Why the condition failed: there is an object, or one with its UID elsewhere, or none."""
    current = await read_object(session, calendar_url, href)
    if isinstance(current, CalendarObject):
        return Conflict(current=current, is_ours=uid_in(current.data) == uid_in(data))
    if not isinstance(current, ObjectGone):
        return current
    if _is_about_uid(answer):
        return UidTaken(_href_in(answer))
    return ObjectGone() if etag else Unanswered("it says that the event is there, and is not")


def _is_about_uid(answer: DavAnswer) -> bool:
    if answer.status not in (400, 403, 409, 412):
        return False
    return bool(UID_CAUSES & set(answer.preconditions)) or (
        UID_SENTENCE in answer.response.body.lower()
    )


def _href_in(answer: DavAnswer) -> str | None:
    """The href of the object with the UID, if the server names it (RFC 4791 5.3.2.1)."""
    for name in UID_CAUSES & set(answer.preconditions):
        href = answer.preconditions[name].find(f"{DAV}href")
        if href is not None and href.text.strip():
            return path_of(answer.url, href.text)
    return None


def _refusal(answer: DavAnswer) -> CalendarFailure:
    """The failure of a refusal, with the cause that the server names."""
    failure = failure_in(answer.response) or NotUnderstood(f"it answers {answer.status}")
    causes = ", ".join(sorted(answer.preconditions))
    if not causes:
        return failure
    match failure:
        case NotAllowed(reason):
            return NotAllowed(f"{reason} ({causes})")
        case NotUnderstood(reason):
            return NotUnderstood(f"{reason} ({causes})")
    return failure


def _strong(etag: str) -> str:
    """The strong form of an etag. Proxies turn etags into weak ones and accept the strong form,
    while a weak one never matches (RFC 9110 13.1.1)."""
    return etag.removeprefix("W/")


def _uid_of(href: str) -> str:
    """The UID of an object of ours, which its href contains."""
    return unquote(urlsplit(href).path.rpartition("/")[2].removesuffix(EXTENSION))
