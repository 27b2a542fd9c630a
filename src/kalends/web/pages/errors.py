"""Errors as pages, for people. A program that asks for JSON gets the API's shape."""

from typing import Any, Final

from kalends.domain.errors import BrokenZone, KalendsError, NeedsAdmin, RateLimited
from kalends.web.http.endpoint import error_answer, key_in
from kalends.web.http.errors import error_headers, status_of
from kalends.web.pages.answers import PageAnswer
from kalends.web.pages.request import PageRequest
from kalends.web.pages.words import WORDS, say

# Whose sentence is for developers; the page has kinder ones of its own.
_OWN_WORDS: Final = frozenset({400, 403, 404, 405, 408, 409, 413, 429, 500, 503})


def error_page(request: PageRequest, error: KalendsError) -> PageAnswer:
    """The error's page with its status and headers."""
    status = status_of(error)
    headers = dict(error_headers(error))
    headers.pop("www-authenticate", None)
    if allowed := getattr(error, "allowed", None):
        headers["allow"] = allowed
    if wants_json(request):
        answer = error_answer(error, _request_id(request))
        return PageAnswer(answer.body, status, "application/json", tuple(headers.items()))
    title, text = error_words(error)
    return request.page(
        "error.html",
        status,
        tuple(headers.items()),
        title=title,
        text=text,
        request_id=_request_id(request),
        code=status,
    )


def error_words(error: KalendsError) -> tuple[str, str]:
    """A title and a sentence for people."""
    if isinstance(error, NeedsAdmin):
        return say("error.role.title"), say("error.role.text")
    status = status_of(error)
    return _title(status), _text(status, error)


def wants_json(request: PageRequest) -> bool:
    """A program says so: it takes JSON and no page, or brings an API key and asks for no page."""
    accepts = request.headers.get("accept", "")
    if "text/html" in accepts:
        return False
    return "application/json" in accepts or key_in(request.headers) is not None


def _title(status: int) -> str:
    return say(f"error.{status}.title" if f"error.{status}.title" in WORDS else "error.422.title")


def _text(status: int, error: KalendsError) -> str:
    if isinstance(error, BrokenZone):  # for who can mend it: it names the row
        return error.message
    values: dict[str, Any] = {}
    if isinstance(error, RateLimited):
        values["seconds"] = error.retry_after
    return say(f"error.{status}.text", **values) if status in _OWN_WORDS else error.message


def _request_id(request: PageRequest) -> str:
    request_id: str = request.scope["state"]["request_id"]
    return request_id
