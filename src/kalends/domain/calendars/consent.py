"""The interface of providers whose accounts are reached by consent (OAuth 2.0, RFC 6749 and RFC
7636): scopes, tokens, and the exchange of codes."""

from collections.abc import Collection, Sequence
from datetime import datetime
from enum import StrEnum
from typing import Protocol
from uuid import UUID

from msgspec import Struct

from kalends.domain.calendars.accounts import CalendarAccount
from kalends.domain.calendars.failures import CalendarFailure


class ConsentScope(Struct, frozen=True):
    """A scope to request. `words` is its English text on the provider's own page, so that somebody
    who left its box unticked can find it. If it `is_needed`, there is no connection without it."""

    name: str
    words: str
    is_needed: bool = True


class Tokens(Struct, frozen=True, kw_only=True):
    """The tokens of an account. `access_token` is valid until `access_until`; the refresh token
    until the provider refuses it. `scopes` are the names of what was granted. The repr shows no
    secret."""

    access_token: str
    access_until: datetime
    refresh_token: str
    scopes: tuple[str, ...] = ()

    def __repr__(self) -> str:
        return "Tokens(…)"


class ConsentRequest(Struct, frozen=True, kw_only=True):
    """The parameters of the provider's page. The answer comes to `redirect_uri` with `state`; its
    code can be used only with the verifier of which `challenge` is the hash. `account` is the
    account to suggest, if it is known."""

    redirect_uri: str
    state: str
    challenge: str
    account: str | None = None


class ConsentRefusal(StrEnum):
    """Why the provider's page has returned no code: the person refused, or needs an administrator
    of the account's organization."""

    DENIED = "denied"
    NEEDS_ADMIN = "needs_admin"


class TokenSource(Protocol):
    """Gives access tokens, cached or new."""

    async def access_token(self, refused: str | None = None) -> str | CalendarFailure:
        """A valid token, and not the one that was `refused`."""


class ConsentProvider(Protocol):
    """A provider whose accounts are reached by consent."""

    @property
    def scopes(self) -> Sequence[ConsentScope]:
        """All scopes to request."""

    @property
    def host(self) -> str:
        """The host of its consent page, for people to read."""

    @property
    def has_boxes(self) -> bool:
        """Whether its page has a box for each scope, which may be left unticked; otherwise all
        scopes are granted together, or none."""

    @property
    def pushes_whole_accounts(self) -> bool:
        """Whether one channel covers all calendars of an account."""

    def consent_url(self, request: ConsentRequest) -> str:
        """The URL of the provider's consent page."""

    def refusal_in(self, error: str, description: str) -> ConsentRefusal:
        """What an error that its page returns means (RFC 6749 4.1.2.1)."""

    async def exchange(
        self, code: str, verifier: str, redirect_uri: str
    ) -> Tokens | CalendarFailure:
        """Exchanges the code that its page has returned for tokens."""

    async def refresh(self, tokens: Tokens) -> Tokens | CalendarFailure:
        """New tokens for these; `ConsentEnded` if the provider refuses."""

    async def revoke(self, tokens: Tokens) -> None:
        """Revokes the consent. Failures are ignored, since it expires by itself."""

    def open_account(self, source: TokenSource, scopes: Sequence[str]) -> CalendarAccount:
        """The account behind the token source, with the scopes that were granted; sends no request
        yet."""


def lacking_of(provider: ConsentProvider, granted: Collection[str]) -> list[ConsentScope]:
    """The scopes that were requested and not granted."""
    return [scope for scope in provider.scopes if scope.name not in granted]


def lacking_words(provider: ConsentProvider | None, granted: Collection[str]) -> list[str]:
    """What the consent does not cover, in the provider's words; empty if the provider is not set up
    here."""
    return [] if provider is None else [scope.words for scope in lacking_of(provider, granted)]


class CalendarConsent(Struct, frozen=True, kw_only=True):
    """A consent that was requested, until it is given or expires. `connection_id` is the connection
    that it is to renew. Once a browser has opened our page, the consent is bound to it and has
    `state_hash` and `cookie_hash`."""

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
