"""Signed-in users: the cookie, and that a change by cookie comes from our own pages."""

from dataclasses import dataclass
from http.cookies import CookieError, SimpleCookie
from typing import Final
from urllib.parse import urlsplit
from uuid import UUID

from starlette.datastructures import Headers
from starlette.types import Scope

from kalends.domain.access import Mode
from kalends.domain.errors import Forbidden, Unauthorized
from kalends.domain.ids import USER, shown
from kalends.services.sessions import find_session_user
from kalends.services.work import Caller, Context
from kalends.web.routes import Access

COOKIE: Final = "kalends_session"
NO_ORGANIZATION: Final = UUID(int=0)


@dataclass(frozen=True)
class Sessions:
    """Lets signed-in users in; `public_url` is our own origin, else the request's Host is."""

    context: Context
    public_url: str | None

    async def admit(self, access: Access, scope: Scope, headers: Headers) -> Caller:
        """The caller of a route without a key: signed in, or anonymous where it is open.

        Raises Unauthorized without a session, Forbidden for a change from a foreign origin.
        """
        if scope["method"] not in ("GET", "HEAD"):
            self.check_origin(headers)
        if access is Access.OPEN:
            return _caller("anonymous", scopes=[])
        token = token_in(headers)
        user = await find_session_user(self.context, token) if token else None
        if user is None:
            raise Unauthorized("This call needs a signed-in user: POST /api/auth/login first.")
        scope["state"]["actor"] = shown(USER, user.id)
        return _caller(shown(USER, user.id), scopes=[])

    def check_origin(self, headers: Headers) -> None:
        """Raises Forbidden if a browser says that the request comes from another site."""
        origin = headers.get("origin")
        own = self.public_url or f"//{headers.get('host', '')}"
        is_foreign = origin is not None and urlsplit(origin).netloc != urlsplit(own).netloc
        if is_foreign or headers.get("sec-fetch-site") == "cross-site":
            raise Forbidden("A change made with a session has to come from our own pages.")


def token_in(headers: Headers) -> str | None:
    """The session's token in the request's cookies."""
    try:
        morsel = SimpleCookie(headers.get("cookie", "")).get(COOKIE)
    except CookieError:
        return None
    return morsel.value if morsel else None


def _caller(actor: str, scopes: list[str]) -> Caller:
    return Caller(organization_id=NO_ORGANIZATION, mode=Mode.LIVE, actor=actor, scopes=scopes)
