"""Reads what a calendar file says about itself, without its events (RFC 5545, RFC 7986)."""

import asyncio
import re
from datetime import timedelta
from typing import Final

from msgspec import Struct

from kalends.domain.calendars.failures import CalendarTooLarge, NotUnderstood, Unanswered
from kalends.formats.icalendar.reading.digest import content_digest

MOST_EVENTS: Final = 30_000
# Larger files are read in a thread.
BYTES_IN_LOOP: Final = 500_000
LONGEST_HEAD: Final = 65_536
LONGEST_NAME: Final = 200
DEFAULT_REFRESH: Final = timedelta(minutes=10)
SHORTEST_REFRESH: Final = timedelta(minutes=5)
LONGEST_REFRESH: Final = timedelta(hours=24)

_BEGIN: Final = re.compile(rb"(?:\xef\xbb\xbf)?\s*BEGIN:VCALENDAR\s", re.IGNORECASE)
_END: Final = re.compile(rb"END:VCALENDAR\s*\Z", re.IGNORECASE)
_EVENT: Final = re.compile(rb"^BEGIN:VEVENT\b", re.IGNORECASE | re.MULTILINE)
_PAGE: Final = re.compile(rb"\s*(?:<!doctype|<html|<head|<\?xml)", re.IGNORECASE)
_FOLD: Final = re.compile(r"\r?\n[ \t]")
_DURATION: Final = re.compile(
    r"P(?:(\d{1,6})W)?(?:(\d{1,6})D)?(?:T(?:(\d{1,6})H)?(?:(\d{1,6})M)?(?:(\d{1,6})S)?)?"
)


class CalendarFile(Struct, frozen=True):
    """A complete file: the number of its events, and a digest that only changes if something other
    than the time of its creation does."""

    data: bytes
    digest: str
    events: int
    name: str | None
    zone: str | None
    refresh_seconds: int


async def read_file(body: bytes) -> CalendarFile | NotUnderstood | Unanswered | CalendarTooLarge:
    """Like `read_file_at_once`, without blocking the event loop."""
    if len(body) <= BYTES_IN_LOOP:
        return read_file_at_once(body)
    return await asyncio.to_thread(read_file_at_once, body)


def read_file_at_once(
    body: bytes,
) -> CalendarFile | NotUnderstood | Unanswered | CalendarTooLarge:
    """The file. One that is not a calendar, such as a sign-in page or a truncated file, is a
    failure and not an empty calendar."""
    if not _BEGIN.match(body):
        is_page = _PAGE.match(body)
        return NotUnderstood(
            "it answers with a page where somebody may have to sign in, not with a calendar"
            if is_page
            else "what stands there is no calendar"
        )
    if not _END.search(body, max(0, len(body) - 1000)):
        return Unanswered("the calendar breaks off before its end")
    events = sum(1 for _ in _EVENT.finditer(body))
    if events > MOST_EVENTS:
        return CalendarTooLarge(f"the calendar has more than {MOST_EVENTS} events")
    head = _head_of(body)
    return CalendarFile(
        data=body,
        digest=content_digest(body).hex()[:32],
        events=events,
        name=_value_in(head, "X-WR-CALNAME") or _value_in(head, "NAME"),
        zone=_value_in(head, "X-WR-TIMEZONE"),
        refresh_seconds=_refresh_in(head),
    )


def _head_of(body: bytes) -> str:
    """The lines before the first event, unfolded."""
    first = _EVENT.search(body, 0, LONGEST_HEAD)
    head = body[: first.start() if first else LONGEST_HEAD]
    return _FOLD.sub("", head.decode(errors="replace"))


def _value_in(head: str, name: str) -> str | None:
    match = re.search(rf"^{name}(?:;[^:\r\n]*)?:([^\r\n]*)", head, re.IGNORECASE | re.MULTILINE)
    return (match[1].strip()[:LONGEST_NAME] or None) if match else None


def _refresh_in(head: str) -> int:
    """How often the file asks to be read, within our bounds."""
    text = _value_in(head, "REFRESH-INTERVAL") or _value_in(head, "X-PUBLISHED-TTL") or ""
    match = _DURATION.fullmatch(text.upper())
    if not match or not any(match.groups()):
        return round(DEFAULT_REFRESH.total_seconds())
    weeks, days, hours, minutes, seconds = (int(part or 0) for part in match.groups())
    refresh = timedelta(weeks=weeks, days=days, hours=hours, minutes=minutes, seconds=seconds)
    return round(min(max(refresh, SHORTEST_REFRESH), LONGEST_REFRESH).total_seconds())
