"""A secret that is shown once, on the page behind the form that made it.

It travels in a cookie, sealed for this user, organization and page: the form is answered with a
redirect, so that reloading makes no second secret, and the page takes the cookie away.
"""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error as NotBase64
from datetime import timedelta
from typing import Final

from msgspec import DecodeError, Struct, json

from kalends.runtime.sealing import SealBroken
from kalends.web.console.desk import Desk
from kalends.web.pages.answers import Headers, PageAnswer, redirect

COOKIE: Final = "kalends_once"
PURPOSE: Final = "console secret"
LASTS: Final = timedelta(minutes=2)
TAKEN_AWAY: Final = ""


class Sealed(Struct, frozen=True):
    """What the cookie holds; `until` in Unix seconds."""

    user: str
    place: str
    until: float
    secret: str


def go_with_secret(desk: Desk, path: str, secret: str, done: str) -> PageAnswer:
    """Sends the browser to a page of the console that shows the secret this once."""
    until = (desk.visit.context.clock() + LASTS).timestamp()
    plain = json.encode(Sealed(str(desk.user_id), desk.to(path), until, secret))
    sealed = urlsafe_b64encode(desk.visit.context.seal.close(plain, PURPOSE)).decode()
    return redirect(desk.to(path, done=done), _cookie(desk, sealed, int(LASTS.total_seconds())))


def take_secret(desk: Desk, path: str) -> tuple[str | None, Headers]:
    """The secret for this page, if one came along, and the headers that take it away."""
    given = desk.visit.cookie(COOKIE)
    if given is None:
        return None, ()
    return _opened(desk, path, given), (_cookie(desk, TAKEN_AWAY, 0),)


def _opened(desk: Desk, path: str, given: str) -> str | None:
    context = desk.visit.context
    try:
        found = json.decode(context.seal.open(urlsafe_b64decode(given), PURPOSE), type=Sealed)
    except (NotBase64, ValueError, SealBroken, DecodeError):
        return None
    is_for_us = (found.user, found.place) == (str(desk.user_id), desk.to(path))
    return found.secret if is_for_us and context.clock().timestamp() < found.until else None


def _cookie(desk: Desk, value: str, seconds: int) -> tuple[str, str]:
    parts = [f"{COOKIE}={value}", "Path=/console", f"Max-Age={seconds}", "HttpOnly"]
    parts.append("SameSite=Lax")
    if desk.visit.origin.lower().startswith("https:"):
        parts.append("Secure")
    return "set-cookie", "; ".join(parts)
