"""What a page route is. Nothing is served as a page that is not in a table of these."""

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
    # Only as `?embed=1`, which shows it without what belongs to a page of its own.
    EMBEDDED = auto()


@dataclass(frozen=True, kw_only=True)
class PageRoute:
    """One page, or one form that a page sends.

    `access` is OPEN, or the right that a signed-in user needs: who is not one, is led to the
    sign-in. There is no default, so a page that names none does not exist.
    Where the path itself is a secret (a token opens it), the log shows the pattern instead.
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
