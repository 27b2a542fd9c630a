"""An account at Cal.com, as the services see it: what can be asked, and what may come back.

`gateways/calcom/client.py` is the one that asks; it gets there by `Gateways`. A failure is a value.
"""

from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import datetime
from typing import Any, Final, Protocol

from msgspec import Struct


class KeyRefused(Struct, frozen=True):
    """Cal.com does not take the key (401, 403)."""


class Unsupported(Struct, frozen=True):
    """Something answers, but not the API that we speak: a sentence what."""

    reason: str


class NoAnswer(Struct, frozen=True):
    """Nothing usable came back for as long as we were patient: a sentence why."""

    reason: str


class Gone(Struct, frozen=True):
    """There is no such booking (any more)."""


Failure = KeyRefused | Unsupported | NoAnswer


class AccountIdentity(Struct, frozen=True):
    """Whose account it is, in its server's words: a number, and an address for mail."""

    calcom_id: int
    email: str | None


BY_CREATION = "createdAt"
BY_CHANGE = "updatedAt"


class Walk(Struct, frozen=True, kw_only=True):
    """Where a walk through all bookings stands: what it asks for next.

    It goes by key, the moment in each row's field `by`: `after` is the last one that was seen, and
    is asked for again, as others may have the same. Only inside one moment does it count (`skip`),
    and `last_uid` is the row that has to be shown again there, else others have moved up.
    `starts_from` and `starts_until` bound the bookings' own starts.
    """

    by: str
    after: datetime | None = None
    skip: int = 0
    last_uid: str | None = None
    restarts: int = 0
    starts_from: datetime | None = None
    starts_until: datetime | None = None


class SourcePage(Struct, frozen=True, kw_only=True):
    """Rows as JSON values of any shape. `asked_at` is when they were asked for, `next` where to go
    on (None at the end), `total` what Cal.com says there is: an estimate."""

    rows: list[Any]
    asked_at: datetime
    next: Walk | None
    total: int | None


class Trouble(Struct, frozen=True, kw_only=True):
    """What has come of the latest requests, up to one that brought something of use.

    `silent_seconds` is how long ago the first of them was sent that was not answered, or with an
    error that may pass; None where the last one was answered. `tries` counts these, `limits` the
    answers 429, `garbled` those that are no JSON. It is kept where the work is kept, so that
    patience ends for whoever goes on with the work.
    """

    silent_seconds: float | None = None
    tries: int = 0
    limits: int = 0
    garbled: int = 0


NO_TROUBLE: Final = Trouble()


class SourceAccount(Protocol):
    """One account. Whoever has to wait is asked before: the account was given a pause."""

    async def who(self) -> AccountIdentity | Failure | None:
        """Whose account the key belongs to; None where the server does not say."""

    async def look(self) -> Failure | None:
        """Whether Cal.com answers, takes the key, and speaks our API; None if all is well."""

    def walk(self, walk: Walk) -> AsyncIterator[SourcePage | Failure]:
        """The bookings from there on, page by page; a failure is the last."""

    async def find(self, uid: str) -> SourcePage | Gone | Failure:
        """One booking, as a page of one row."""

    async def list_schedules(self) -> list[Any] | Failure:
        """The schedules of the account, as JSON values."""

    async def list_event_types(self) -> list[Any] | Failure:
        """The event types of the account, as JSON values."""


Pause = Callable[[float, Trouble], Awaitable[None]]
"""Waits that many seconds, and hears how the account answers; raises what it likes where that would
be too long."""


class AccountKey(Struct, frozen=True, kw_only=True):
    """How to reach an account. `patience_seconds` is how long nothing usable may come back, and
    `trouble` what those have met who asked for the same work before."""

    base_url: str
    api_key: str
    patience_seconds: float
    pause: Pause
    trouble: Trouble = NO_TROUBLE


OpenAccount = Callable[[AccountKey], SourceAccount]
