"""Errors as pages for people. Programs that ask for JSON get the API's error body."""

from collections.abc import Sequence
from typing import Final

from kalends.domain.errors import BrokenZone, KalendsError, NeedsAdmin, NotSaved, RateLimited
from kalends.translation import gettext, gettext_lazy, ngettext
from kalends.web.http.endpoint import error_answer, key_in
from kalends.web.http.errors import error_headers, status_of
from kalends.web.pages.answers import PageAnswer
from kalends.web.pages.refusals import refusal_words
from kalends.web.pages.request import PageRequest

_TITLES: Final = {
    400: gettext_lazy("That could not be read"),
    403: gettext_lazy("That did not come from here"),
    404: gettext_lazy("There is nothing here"),
    405: gettext_lazy("That cannot be done here"),
    408: gettext_lazy("That took too long"),
    409: gettext_lazy("That is not possible any more"),
    413: gettext_lazy("That is too much"),
    422: gettext_lazy("Something does not fit"),
    429: gettext_lazy("One moment, please"),
    500: gettext_lazy("Something went wrong"),
    503: gettext_lazy("Back in a moment"),
}
# Texts that replace the API's sentences, which are for developers.
_TEXTS: Final = {
    400: gettext_lazy(
        "Something in the address or the form got broken. Please go back and try again."
    ),
    403: gettext_lazy(
        "For your safety, forms are only taken from our own pages. Please open "
        "the page again and repeat what you did."
    ),
    404: gettext_lazy(
        "This page does not exist, or not any more. Please check the address, or "
        "ask the one who sent it to you."
    ),
    405: gettext_lazy("Please go back and use the buttons of the page."),
    408: gettext_lazy("What was sent did not arrive completely. Please try again."),
    409: gettext_lazy("Somebody changed this meanwhile. Please look again."),
    413: gettext_lazy("What was sent is too large. Please shorten your texts."),
    500: gettext_lazy(
        "This is our fault, not yours, and it has been written down. Please try again in a moment."
    ),
    503: gettext_lazy("We cannot reach our calendar right now. Please try again in a few seconds."),
}


def error_page(
    request: PageRequest, error: KalendsError, unsaved: Sequence[tuple[str, str]] = ()
) -> PageAnswer:
    """The page of an error with its status and headers; it shows the labels and texts of what was
    typed."""
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
        unsaved=unsaved,
    )


def error_words(error: KalendsError) -> tuple[str, str]:
    """A title and a sentence for people."""
    if isinstance(error, NeedsAdmin):
        return gettext("This needs an admin"), gettext(
            "Your role in this organization does not allow it. Please ask one of its "
            "owners or admins."
        )
    if isinstance(error, NotSaved):
        return gettext("This is not saved yet"), gettext(
            "Please open the page again and repeat what you did."
        )
    status = status_of(error)
    return _title(status), _text(status, error)


def wants_json(request: PageRequest) -> bool:
    """Whether a program asks: it accepts JSON and no HTML, or has an API key and does not ask for
    HTML."""
    accepts = request.headers.get("accept", "")
    if "text/html" in accepts:
        return False
    return "application/json" in accepts or key_in(request.headers) is not None


def _title(status: int) -> str:
    return str(_TITLES.get(status, _TITLES[422]))


def _text(status: int, error: KalendsError) -> str:
    if isinstance(error, BrokenZone):  # its sentence names the row, for whoever can repair it
        return error.message
    if isinstance(error, RateLimited):
        return ngettext(
            "There were very many requests from your connection. Please try again in {number} "
            "second.",
            "There were very many requests from your connection. Please try again in {number} "
            "seconds.",
            error.retry_after,
        )
    if status not in _TEXTS:
        return refusal_words(error)
    return str(_TEXTS[status])


def _request_id(request: PageRequest) -> str:
    request_id: str = request.scope["state"]["request_id"]
    return request_id
