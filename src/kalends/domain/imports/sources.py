"""A source of bookings, as the services see it: what can be asked of it, and what may come back.

Each provider implements `BookingSource` in a package of its own below `gateways/`. The services
find it in the table `Gateways.sources`, and know none by name. A failure is a value.
"""

from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import datetime
from enum import StrEnum
from typing import Any, Final, Protocol

from msgspec import Struct

from kalends.domain.errors import KalendsError
from kalends.domain.imports.rows import SourceRow, UnreadableRow
from kalends.domain.imports.setup import SourceEventType, SourceSchedule, UnusableSetup


class KeyRefused(Struct, frozen=True):
    """The provider does not accept the key (401, 403)."""


class Unsupported(Struct, frozen=True):
    """Something answers, but not the API that we speak: a sentence what."""

    reason: str


class NoAnswer(Struct, frozen=True):
    """Nothing usable came back for as long as we were patient: why, as a part of a sentence."""

    reason: str


AccountFailure = KeyRefused | Unsupported | NoAnswer


class NotConnected(Struct, frozen=True):
    """The organization has no connection."""


class KeyUnreadable(Struct, frozen=True):
    """The key was sealed under another secret of the installation."""


SourceFailure = AccountFailure | NotConnected | KeyUnreadable


class RowGone(Struct, frozen=True):
    """There is no such booking (any more)."""


class AccountIdentity(Struct, frozen=True):
    """Whose account it is, in its server's words: a number, and an address for mail."""

    number: int
    email: str | None


class WalkOrder(StrEnum):
    """What a walk goes by. The values are stored with runs."""

    CREATION = "createdAt"
    CHANGE = "updatedAt"


class Walk(Struct, frozen=True, kw_only=True):
    """Where a walk through the pages of a source stands: what it asks for next. Stored with runs.

    It goes by key, each row's moment of creation or change (`by`): `after` is the last one that was
    seen, and is asked for again, as other rows may have the same. Only inside one moment rows are
    counted (`skip`), and `last_uid` is the row that has to be shown again there, else others have
    moved up. `starts_from` and `starts_until` bound the bookings' own starts.
    """

    by: WalkOrder
    after: datetime | None = None
    skip: int = 0
    last_uid: str | None = None
    restarts: int = 0
    starts_from: datetime | None = None
    starts_until: datetime | None = None


class SourcePage(Struct, frozen=True, kw_only=True):
    """Rows as JSON values of any shape, for `BookingSource.read_row`. `requested_at` is when they
    were asked for, `next` where to go on (None at the end), `total` how many rows the provider
    reports: an estimate."""

    rows: list[Any]
    requested_at: datetime
    next: Walk | None
    total: int | None


class Trouble(Struct, frozen=True, kw_only=True):
    """What the latest requests met, up to one that brought something of use.

    `silent_seconds` is how long ago the first of them was sent that was not answered, or with an
    error that may pass; None where the last one was answered. `tries` counts these, `limits` the
    answers 429, `garbled` those that are no JSON. It is stored with the work, so that patience ends
    whichever process goes on with it.
    """

    silent_seconds: float | None = None
    tries: int = 0
    limits: int = 0
    garbled: int = 0


NO_TROUBLE: Final = Trouble()

Pause = Callable[[float, Trouble], Awaitable[None]]
"""Waits that many seconds, and notes what the account has met; may raise where that is too long."""


class AccountKey(Struct, frozen=True, kw_only=True):
    """How to reach an account. Before each request and each wait `pause` is called.
    `give_up_after_seconds` is how long nothing usable may come back, and `trouble` what earlier
    requests of the same work have met."""

    base_url: str
    api_key: str
    give_up_after_seconds: float
    pause: Pause
    trouble: Trouble = NO_TROUBLE


class SourceAccount(Protocol):
    """One account at a provider."""

    async def check(self) -> AccountFailure | None:
        """Whether the provider answers, accepts the key, and speaks our API; None if so."""

    async def identify(self) -> AccountIdentity | AccountFailure | None:
        """Whose account the key belongs to; None where the server does not say."""

    def iterate_pages(self, walk: Walk) -> AsyncIterator[SourcePage | AccountFailure]:
        """The bookings from there on, page by page; a failure is the last."""

    async def find_booking(self, uid: str) -> SourcePage | RowGone | AccountFailure:
        """One booking, as a page of one row."""

    async def list_schedules(self) -> list[SourceSchedule | UnusableSetup] | AccountFailure:
        """The schedules of the account."""

    async def list_event_types(self) -> list[SourceEventType | UnusableSetup] | AccountFailure:
        """The event types of the account."""


class BookingSource(Protocol):
    """A provider of bookings: how its accounts are reached, and what its words mean here.

    A run ends where nothing usable has come back for `give_up_after_seconds`. `default_base_url`
    is the provider's own server.
    """

    give_up_after_seconds: float
    default_base_url: str

    def open_account(self, key: AccountKey) -> SourceAccount:
        """The account behind the key; nothing is asked yet."""

    def read_row(self, value: object) -> SourceRow | UnreadableRow:
        """A row of a page, or the copy of one that was kept. The value has been cleaned."""

    def is_signed(self, body: bytes, signature: str, secret: bytes) -> bool:
        """Whether a webhook's signature belongs to its body, as it came."""

    def uid_in_hook(self, body: bytes) -> str | None:
        """The uid of the booking that a webhook is about."""

    def error_of(self, failure: SourceFailure) -> KalendsError:
        """The failure as an error with a code, in the provider's words."""
