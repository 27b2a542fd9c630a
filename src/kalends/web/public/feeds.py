"""`/feeds/{token}.ics`: the calendar feed of a schedule, for anybody with its secret URL."""

from email.utils import format_datetime
from typing import Final

from kalends.services import feeds
from kalends.services.feeds import ReadFeed
from kalends.translation import SOURCE_LANGUAGE
from kalends.web.pages.answers import Headers, PageAnswer
from kalends.web.pages.request import PageRequest
from kalends.web.pages.routes import open_route

CALENDAR: Final = "text/calendar; charset=utf-8"


async def feed(request: PageRequest) -> PageAnswer:
    """The calendar, or 304 for a program that has it already. Raises NotFound."""
    read = await feeds.read_feed(request.context, request.path("token"))
    # The readers are the organization's staff, whatever language their program asks for.
    request.read_by(read.feed.organization.locale)
    headers = _headers(read, request.words_language)
    if has_it_already(request.headers.get("if-none-match"), _tag(read, request.words_language)):
        return PageAnswer(status=304, media_type="", headers=headers)
    return PageAnswer(await read.as_ics(), 200, CALENDAR, headers)


def has_it_already(if_none_match: str | None, tag: str) -> bool:
    """Whether one of the client's tags is this one, by the weak comparison (RFC 9110 13.1.2)."""
    if if_none_match is None:
        return False
    tags = (part.strip().removeprefix("W/") for part in if_none_match.split(","))
    return any(part in ("*", f'"{tag}"') for part in tags)


def _tag(read: ReadFeed, language: str) -> str:
    return read.tag if language == SOURCE_LANGUAGE else f"{read.tag}-{language}"


def _headers(read: ReadFeed, language: str) -> Headers:
    """The headers. The ETag is weak, as compression changes the bytes (RFC 9110 8.8.1)."""
    return (
        ("etag", f'W/"{_tag(read, language)}"'),
        ("last-modified", format_datetime(read.changed_at, usegmt=True)),
        ("cache-control", "private, no-cache"),
    )


PAGES: Final = (open_route("GET", "/feeds/{token}.ics", feed, is_secret=True),)
