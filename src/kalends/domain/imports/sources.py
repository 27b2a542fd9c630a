"""The interface of sources of bookings: requests, and their possible answers.

Each provider implements `BookingSource` in a package of its own below `gateways/`. Services find it
in the table `Gateways.sources`, and know none by name. A failure is a value.
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
    """The server does not speak the API that Kalends uses; `reason` is a sentence."""

    reason: str


class NoAnswer(Struct, frozen=True):
    """There was no usable answer until Kalends gave up; `reason` is a part of a sentence."""

    reason: str


AccountFailure = KeyRefused | Unsupported | NoAnswer


class NotConnected(Struct, frozen=True):
    """The organization has no connection."""


class KeyUnreadable(Struct, frozen=True):
    """The key was sealed under another KALENDS_SECRET."""


SourceFailure = AccountFailure | NotConnected | KeyUnreadable


class RowGone(Struct, frozen=True):
    """The source has no such booking, or no longer."""


class AccountIdentity(Struct, frozen=True):
    """The owner of an account as its server names it: a number, and an e-mail address."""

    number: int
    email: str | None


class WalkOrder(StrEnum):
    """The order of a walk. The values are stored with runs."""

    CREATION = "createdAt"
    CHANGE = "updatedAt"


class Walk(Struct, frozen=True, kw_only=True):
    """The position of a walk through the pages of a source: what to request next. Stored with runs.

    Pages are requested by key, each row's time of creation or change (`by`). `after` is the last
    one seen; it is requested again, since other rows may have the same. Only among rows of one time
    they are counted (`skip`); `last_uid` is the row that has to be there again, otherwise others
    have moved up. `starts_from` and `starts_until` bound the starts of the bookings.
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
    were requested, `next` where to go on (None at the end), `total` the provider's estimate of the
    number of rows."""

    rows: list[Any]
    requested_at: datetime
    next: Walk | None
    total: int | None


class Trouble(Struct, frozen=True, kw_only=True):
    """What the latest requests have met, since the last one that was of use.

    `silent_seconds` is how long ago the first of them was sent that got no answer, or an error that
    may pass; None if the last one was answered. `tries` counts these, `limits` answers 429,
    `garbled` answers that are not JSON. It is stored with the work, so that giving up does not
    depend on which process goes on with it.
    """

    silent_seconds: float | None = None
    tries: int = 0
    limits: int = 0
    garbled: int = 0


NO_TROUBLE: Final = Trouble()

Pause = Callable[[float, Trouble], Awaitable[None]]
"""Waits that many seconds, and records what the account has met; may raise if that is too long."""


class AccountKey(Struct, frozen=True, kw_only=True):
    """How to reach an account. `pause` is called before each request and each wait.
    `give_up_after_seconds` is how long there may be no usable answer, and `trouble` what earlier
    requests of the same work have met."""

    base_url: str
    api_key: str
    give_up_after_seconds: float
    pause: Pause
    trouble: Trouble = NO_TROUBLE


class SourceAccount(Protocol):
    """One account at a provider."""

    async def check(self) -> AccountFailure | None:
        """Whether the provider answers, accepts the key, and speaks the API that Kalends uses; None
        if so."""

    async def identify(self) -> AccountIdentity | AccountFailure | None:
        """The owner of the account; None if the server does not tell."""

    def iterate_pages(self, walk: Walk) -> AsyncIterator[SourcePage | AccountFailure]:
        """The bookings from there on, page by page; a failure comes last."""

    async def find_booking(self, uid: str) -> SourcePage | RowGone | AccountFailure:
        """One booking, as a page of one row."""

    async def list_schedules(self) -> list[SourceSchedule | UnusableSetup] | AccountFailure:
        """The schedules of the account."""

    async def list_event_types(self) -> list[SourceEventType | UnusableSetup] | AccountFailure:
        """The event types of the account."""


class BookingSource(Protocol):
    """A provider of bookings: how to reach its accounts, and how to read its rows.

    A run fails if there is no usable answer for `give_up_after_seconds`. `default_base_url` is the
    provider's own server.
    """

    give_up_after_seconds: float
    default_base_url: str

    def open_account(self, key: AccountKey) -> SourceAccount:
        """The account behind the key; sends no request yet."""

    def read_row(self, value: object) -> SourceRow | UnreadableRow:
        """Parses a row of a page, or the kept copy of one. The value has been cleaned."""

    def is_signed(self, body: bytes, signature: str, secret: bytes) -> bool:
        """Whether a webhook's signature matches its raw body."""

    def uid_in_hook(self, body: bytes) -> str | None:
        """The uid of the booking that a webhook is about."""

    def error_of(self, failure: SourceFailure) -> KalendsError:
        """The failure as an error with a code, in the provider's words."""
