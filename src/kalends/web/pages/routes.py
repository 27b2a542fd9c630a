"""The types of a page route. Only what is in a table of these is served as a page."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from enum import Enum, auto

from kalends.domain.rights import Right
from kalends.web.http.routes import Access
from kalends.web.pages.answers import PageAnswer, Stream
from kalends.web.pages.request import PageRequest

PageHandler = Callable[[PageRequest], Awaitable[PageAnswer | Stream]]


class Framing(Enum):
    """Whether other sites may show the page in a frame."""

    NEVER = auto()
    # Only with `?embed=1`, which leaves out what only a page of its own needs.
    EMBEDDED = auto()


@dataclass(frozen=True, kw_only=True)
class PageRoute:
    """One page, or one form that a page sends.

    `access` is OPEN, or the right that a signed-in user needs; others are sent to the sign-in. It
    has no default, so no page is open by omission. If the path itself is a secret because it has a
    token, the log shows the pattern instead.
    """

    method: str
    path: str
    handler: PageHandler
    access: Access | Right
    framing: Framing = Framing.NEVER
    is_secret: bool = False


def open_route(
    method: str,
    path: str,
    handler: PageHandler,
    *,
    framing: Framing = Framing.NEVER,
    is_secret: bool = False,
) -> PageRoute:
    """A page for everybody."""
    return PageRoute(
        method=method,
        path=path,
        handler=handler,
        access=Access.OPEN,
        framing=framing,
        is_secret=is_secret,
    )
