"""Shows a new secret once, on the page that the form which created it redirects to.

Until then the secret is in a cookie, sealed for this user, organization and page. Because of the
redirect, reloading the page does not create a second secret; the page deletes the cookie.
"""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error as NotBase64
from datetime import timedelta
from typing import Any, Final

from msgspec import DecodeError, Struct, json

from kalends.runtime.sealing import SealBroken
from kalends.web.console.request import ConsoleRequest
from kalends.web.console.settings.forms.drafts import Draft
from kalends.web.pages.answers import Headers, PageAnswer, redirect

SECRET_COOKIE: Final = "kalends_once"
ONCE_PURPOSE: Final = "console secret"
SECRET_LASTS: Final = timedelta(minutes=2)
TAKEN_AWAY: Final = ""


class Sealed(Struct, frozen=True):
    """The content of the cookie; `until` is in Unix seconds."""

    user: str
    place: str
    until: float
    secret: str


def go_with_secret(request: ConsoleRequest, path: str, secret: str, done: str) -> PageAnswer:
    """Redirects to a page of the console, which shows the secret this one time."""
    until = (request.page_request.context.clock() + SECRET_LASTS).timestamp()
    plain = json.encode(Sealed(str(request.user_id), request.to(path), until, secret))
    sealed = urlsafe_b64encode(
        request.page_request.context.seal.close(plain, ONCE_PURPOSE)
    ).decode()
    return redirect(
        request.to(path, done=done), _cookie(request, sealed, int(SECRET_LASTS.total_seconds()))
    )


def page_with_secret(
    request: ConsoleRequest, template: str, section: str, path: str, draft: Draft, **values: Any
) -> PageAnswer:
    """The page of a form at that path. If the request carries a secret, it shows and deletes it."""
    secret, headers = take_secret(request, path)
    values |= {"path": path, "secret": secret} | draft.values()
    return request.page(template, section, draft.status, headers, **values)


def take_secret(request: ConsoleRequest, path: str) -> tuple[str | None, Headers]:
    """The secret for this page, if the request carries one, and the headers that delete it."""
    cookie = request.page_request.cookie(SECRET_COOKIE)
    if cookie is None:
        return None, ()
    return _opened(request, path, cookie), (_cookie(request, TAKEN_AWAY, 0),)


def _opened(request: ConsoleRequest, path: str, cookie: str) -> str | None:
    context = request.page_request.context
    try:
        sealed = json.decode(
            context.seal.open(urlsafe_b64decode(cookie), ONCE_PURPOSE), type=Sealed
        )
    except (NotBase64, ValueError, SealBroken, DecodeError):
        return None
    is_for_us = (sealed.user, sealed.place) == (str(request.user_id), request.to(path))
    return sealed.secret if is_for_us and context.clock().timestamp() < sealed.until else None


def _cookie(request: ConsoleRequest, value: str, seconds: int) -> tuple[str, str]:
    parts = [f"{SECRET_COOKIE}={value}", "Path=/console", f"Max-Age={seconds}", "HttpOnly"]
    parts.append("SameSite=Lax")
    if request.page_request.origin.lower().startswith("https:"):
        parts.append("Secure")
    return "set-cookie", "; ".join(parts)
