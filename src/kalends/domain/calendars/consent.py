"""Accounts that are reached by a consent: what its owner is asked for, the tokens that come of it,
and what a provider has to do with both (OAuth 2.0, RFC 6749 and RFC 7636)."""

from collections.abc import Collection, Sequence
from datetime import datetime
from enum import StrEnum
from typing import Protocol
from uuid import UUID

from msgspec import Struct

from kalends.domain.calendars.accounts import CalendarAccount
from kalends.domain.calendars.failures import CalendarFailure


class ConsentScope(Struct, frozen=True):
    """Something that is asked for. `words` are those of the provider's own page, in English, so
    that who left its box unticked finds it again. Without one that `is_needed` there is no
    connection."""

    name: str
    words: str
    is_needed: bool = True


class Tokens(Struct, frozen=True, kw_only=True):
    """What opens an account: `access_token` until `access_until`, the other for good, until the
    provider says no. `scopes` are the names of what was granted. The repr tells no secret."""

    access_token: str
    access_until: datetime
    refresh_token: str
    scopes: tuple[str, ...] = ()

    def __repr__(self) -> str:
        return "Tokens(…)"


class ConsentRequest(Struct, frozen=True, kw_only=True):
    """What the provider's page is opened with: the answer comes to `redirect_uri` with `state`, and
    its code is worth something only beside what `challenge` is the hash of. `account` is whom the
    page should take for the one who consents, where that is known."""

    redirect_uri: str
    state: str
    challenge: str
    account: str | None = None


class ConsentRefusal(StrEnum):
    """Why the provider's page has given no code: the person said no, or may not consent without an
    administrator of the organization that the account is of."""

    DENIED = "denied"
    NEEDS_ADMIN = "needs_admin"


class TokenSource(Protocol):
    """Gives the token that an account is asked with."""

    async def access_token(self, refused: str | None = None) -> str | CalendarFailure:
        """One that is valid; another one than that which was `refused`."""


class ConsentProvider(Protocol):
    """A kind of accounts that are reached by a consent."""

    @property
    def scopes(self) -> Sequence[ConsentScope]:
        """All that is asked for."""

    @property
    def host(self) -> str:
        """Where its page for the consent is, as people read it."""

    @property
    def has_boxes(self) -> bool:
        """Whether its page has a box for each scope, which may be left unticked; else all is
        granted together, or nothing."""

    @property
    def pushes_whole_accounts(self) -> bool:
        """Whether one channel tells of changes in all calendars of an account."""

    def consent_url(self, request: ConsentRequest) -> str:
        """The provider's page."""

    def refusal_in(self, error: str, description: str) -> ConsentRefusal:
        """What it means that its page leads back with this error (RFC 6749 4.1.2.1)."""

    async def exchange(
        self, code: str, verifier: str, redirect_uri: str
    ) -> Tokens | CalendarFailure:
        """The tokens for the code that its page has given."""

    async def refresh(self, tokens: Tokens) -> Tokens | CalendarFailure:
        """New tokens for those; `ConsentEnded` where the provider says no."""

    async def revoke(self, tokens: Tokens) -> None:
        """Gives the consent back. What fails is left alone: it ends by itself."""

    def open_account(self, source: TokenSource, scopes: Sequence[str]) -> CalendarAccount:
        """The account that the source opens, with what was granted; nothing is asked yet."""


def lacking_of(provider: ConsentProvider, granted: Collection[str]) -> list[ConsentScope]:
    """What was asked for and not granted."""
    return [scope for scope in provider.scopes if scope.name not in granted]


def lacking_words(provider: ConsentProvider | None, granted: Collection[str]) -> list[str]:
    """What the consent to an account does not cover, in the provider's words; nothing where it is
    not set up here."""
    return [] if provider is None else [scope.words for scope in lacking_of(provider, granted)]


class CalendarConsent(Struct, frozen=True, kw_only=True):
    """A consent that was asked for, until somebody has given it. `connection_id` is the connection
    that is to be renewed by it. It is bound to a browser once that has opened our page: then
    `state_hash` and `cookie_hash` are there."""

    id: UUID
    provider: str
    user_id: UUID | None
    connection_id: UUID | None
    actor: str
    return_url: str | None
    token_hash: bytes
    state_hash: bytes | None
    cookie_hash: bytes | None
    created_at: datetime
    expires_at: datetime
    used_at: datetime | None
