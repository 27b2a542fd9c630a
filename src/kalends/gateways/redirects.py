"""Follows redirects by hand, so that each hop is a request which is checked like the first one."""

import email.utils
from collections.abc import Awaitable, Callable
from datetime import UTC
from typing import Final
from urllib.parse import urljoin

from msgspec import Struct
from msgspec.structs import replace

from kalends.domain.calendars.failures import (
    AddressRefused,
    CalendarFailure,
    CalendarGone,
    CalendarTooLarge,
    CredentialsRefused,
    NotAllowed,
    NotUnderstood,
    Unanswered,
)
from kalends.domain.gateways import Http, OutboundRequest, OutboundResponse, Unreachable

MOST_REDIRECTS: Final = 5
REDIRECTS: Final = frozenset({301, 302, 307, 308})
LONGEST_RETRY_AFTER_SECONDS: Final = 86_400.0
PASSING: Final = frozenset({408, 418, 421, 423, 425, 429, 502, 503, 504})
"""What says nothing about the request. 418 was seen of a Nextcloud that was busy."""

Send = Callable[[OutboundRequest], Awaitable[OutboundResponse | Unreachable]]


class Landed(Struct, frozen=True):
    """The final answer, and the URL that it came from."""

    response: OutboundResponse
    url: str


async def follow(http: Http, send: Send, request: OutboundRequest) -> Landed | CalendarFailure:
    """Sends the request and follows at most five redirects, with the same method and body. A
    redirect from https to http is not followed."""
    for _ in range(MOST_REDIRECTS + 1):
        response = await send(request)
        if isinstance(response, Unreachable):
            return await failure_of(http, request.url, response)
        location = response.headers.get("location")
        if not location or not _leads_on(request.method, response.status):
            return Landed(response, request.url)
        url = join(request.url, location)
        if is_downgrade(request.url, url):
            return AddressRefused("leads from https to http")
        request = replace(request, url=url)
    return NotUnderstood(f"it leads from one address to another more than {MOST_REDIRECTS} times")


def _leads_on(method: str, status: int) -> bool:
    """Whether to follow a redirect. A 303 names something to read instead, which only suits GET."""
    return status in REDIRECTS or (method == "GET" and status == 303)


def join(base_url: str, reference: str) -> str:
    """The URL that a reference means (RFC 3986 5); empty if it cannot be parsed."""
    try:
        return urljoin(base_url, reference.strip())
    except ValueError:
        return ""


def is_downgrade(before: str, after: str) -> bool:
    """Whether the second URL would send unencrypted what the first one does not."""
    return before.lower().startswith("https:") and not after.lower().startswith("https:")


async def failure_of(http: Http, url: str, failure: Unreachable) -> Unanswered | AddressRefused:
    """The failure behind an unreachable URL: it is refused by the guard, or gave no answer."""
    fault = await http.find_fault(url) if failure.is_refused else None
    return AddressRefused(fault) if fault else Unanswered(failure.reason)


def failure_in(response: OutboundResponse) -> CalendarFailure | None:
    """The failure that a status means; None for a success."""
    status = response.status
    if 200 <= status < 300:
        return CalendarTooLarge("the answer is too large") if response.is_cut else None
    if status == 401:
        return CredentialsRefused()
    if status == 403:
        return NotAllowed("it answers 403")
    if status in (404, 410):
        return CalendarGone()
    if is_passing(status) or (status >= 500 and status != 501):
        return Unanswered(f"it answers {status}", seconds_to_retry(response))
    return NotUnderstood(f"it answers {status}")


def is_passing(status: int) -> bool:
    """Whether the same request may succeed later."""
    return status in PASSING


def seconds_to_retry(response: OutboundResponse) -> float | None:
    """The pause that `Retry-After` asks for, at most a day (RFC 9110 10.2.3). A date is compared
    with the server's own clock."""
    text = response.headers.get("retry-after", "").strip()
    if text.isascii() and text.isdigit():
        return min(float(text), LONGEST_RETRY_AFTER_SECONDS)
    try:
        then = email.utils.parsedate_to_datetime(text)
        now = email.utils.parsedate_to_datetime(response.headers.get("date", ""))
        seconds = (then.replace(tzinfo=UTC) - now.replace(tzinfo=UTC)).total_seconds()
    except (ValueError, OverflowError):
        return None
    return min(max(seconds, 0.0), LONGEST_RETRY_AFTER_SECONDS)
