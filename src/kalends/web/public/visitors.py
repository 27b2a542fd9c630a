"""Visitors, known by a random name in a cookie that is set once a time is held or a form is kept.

The name reveals nothing, and other sites do not get it (`SameSite=Lax`, `HttpOnly`). In a frame on
another site the cookie is for that site only (`Partitioned`: browsers keep one for each site that
shows the page, over https). Pages also work without cookies.
"""

import re
import secrets
from dataclasses import dataclass
from datetime import timedelta
from typing import Final
from urllib.parse import urlsplit

from kalends.domain.access import hash_of
from kalends.web.pages.request import PageRequest

VISITOR_COOKIE: Final = "kalends_visitor"
VISITOR_KEPT_FOR: Final = timedelta(days=1)
NAME_BYTES: Final = 18
LOOPBACK: Final = frozenset({"localhost", "127.0.0.1", "::1"})
_NAME: Final = re.compile(r"[A-Za-z0-9_-]{24}")


@dataclass(frozen=True)
class Visitor:
    """The visitor behind a request. `id` is what is stored of the name; None without a cookie."""

    name: str | None

    @classmethod
    def of(cls, request: PageRequest) -> "Visitor":
        name = request.cookie(VISITOR_COOKIE) or ""
        return cls(name if _NAME.fullmatch(name) else None)

    @classmethod
    def known_or_new(cls, request: PageRequest) -> "Visitor":
        known = cls.of(request)
        return known if known.name else cls(secrets.token_urlsafe(NAME_BYTES))

    @property
    def id(self) -> bytes | None:
        return hash_of(self.name) if self.name else None

    def remember(self, request: PageRequest) -> tuple[str, str]:
        """The header that lets the browser keep the name for another day."""
        seconds = int(VISITOR_KEPT_FOR.total_seconds())
        parts = [f"{VISITOR_COOKIE}={self.name}", "Path=/", f"Max-Age={seconds}"]
        parts += ["HttpOnly", *_reach(request)]
        return "set-cookie", "; ".join(parts)


def _reach(request: PageRequest) -> list[str]:
    """The cookie's attributes that say where the browser sends it. Over http, browsers keep no
    cookie for a frame, except on localhost."""
    origin = urlsplit(request.origin)
    is_secure = origin.scheme == "https"
    if request.is_framed and (is_secure or origin.hostname in LOOPBACK):
        return ["SameSite=None", "Secure", "Partitioned"]
    return ["SameSite=Lax", "Secure"] if is_secure else ["SameSite=Lax"]
