"""What a route is. The table of them, in `web/app.py`, is what is served and what is described."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from enum import Enum, auto
from typing import Any

from msgspec import Struct

from kalends.domain.access import Scope
from kalends.runtime.idempotency import HttpAnswer
from kalends.web.http.call import Call

Handler = Callable[[Call], Awaitable[HttpAnswer]]


class Access(Enum):
    """Who may call a route that takes no API key."""

    OPEN = auto()
    SESSION = auto()


@dataclass(frozen=True, kw_only=True)
class Route:
    """One call of the API.

    `access` is a scope (the call takes an API key) or says otherwise; there is no default, so a
    route that names none does not exist. `query` and `body` are the structs that are read,
    `answers` what comes back by status. `errors` are codes beyond those that every route has. What
    is `repeatable` is done each time it is asked for, whatever `Idempotency-Key` says.
    """

    method: str
    path: str
    handler: Handler
    access: Scope | Access
    summary: str
    answers: dict[int, Any]
    tag: str
    description: str = ""
    query: type[Struct] | None = None
    body: type[Struct] | None = None
    etag: bool = False
    if_match: bool = False
    errors: tuple[str, ...] = ()
    repeatable: bool = False

    @property
    def takes_key(self) -> bool:
        return isinstance(self.access, Scope)

    @property
    def idempotent_by_key(self) -> bool:
        """Whether it takes `Idempotency-Key`: every POST that takes an API key does, but for one
        that is meant to be done each time."""
        return self.method == "POST" and self.takes_key and not self.repeatable
