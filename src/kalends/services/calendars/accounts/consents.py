"""Consents: requesting one, showing its page, and connecting the account that it opens.

A program or the console requests a consent, and a person gives it in a browser. The link to our
page works once: the browser that opens it first gets a cookie that all later steps need. The
verifier of the code (RFC 7636) is derived from that cookie, so that neither a code nor a `state`
can be used in another browser.
"""

import hashlib
import secrets
from base64 import urlsafe_b64encode
from collections.abc import Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final
from uuid import UUID

from msgspec import Struct

from kalends.domain.access import Mode, Organization, hash_of
from kalends.domain.calendars.accounts import Discovery
from kalends.domain.calendars.connections import CalendarConnection, ProviderName
from kalends.domain.calendars.consent import (
    CalendarConsent,
    ConsentProvider,
    ConsentRefusal,
    ConsentRequest,
    ConsentScope,
    Tokens,
    lacking_of,
)
from kalends.domain.calendars.failures import CalendarFailure, ConsentEnded, ConsentLacks
from kalends.domain.errors import Invalid, KalendsError, NotFound
from kalends.domain.gateways import AddressUnknown, link_to
from kalends.domain.ids import USER, new_id
from kalends.domain.origins import origin_of
from kalends.domain.tenant_tokens import key_of, new_tenant_token
from kalends.runtime.unit_of_work import Caller, Context, UnitOfWork, change, require
from kalends.services.calendars.accounts.connections import check_provider, lock_connection
from kalends.services.calendars.accounts.consented import (
    ConsentedAccount,
    connect_consented,
    renew_consented,
)
from kalends.services.calendars.accounts.logins import reason_of
from kalends.services.calendars.accounts.tokens import KnownTokens
from kalends.store.accounts.members import find_member
from kalends.store.accounts.organizations import find_organization
from kalends.store.calendars import connections, consents
from kalends.store.database import TenantConnection

CONSENT_LASTS: Final = timedelta(minutes=10)
PAGE: Final = "/connect"
CALLBACK: Final = f"{PAGE}/callback"
COOKIE_BYTES: Final = 32


class ConsentStatus(StrEnum):
    """How a consent ended. `DENIED`: the person refused. `NEEDS_ADMIN`: only an administrator of
    the account's organization may consent. `INCOMPLETE`: something that is needed was not granted,
    such as a box that was left unticked."""

    CONNECTED = "connected"
    DENIED = "denied"
    NEEDS_ADMIN = "needs_admin"
    INCOMPLETE = "incomplete"
    FAILED = "failed"


class NewConsent(Struct, frozen=True, kw_only=True):
    """A consent as a client requests it, parsed."""

    provider: ProviderName
    return_url: str | None = None
    user_id: UUID | None = None
    connection_id: UUID | None = None


class ConsentAnswer(Struct, frozen=True):
    """What the provider's page leads back with: a code, or why there is none."""

    code: str | None
    error: str = ""
    description: str = ""


class MadeConsent(Struct, frozen=True):
    """The URL of the page on which the consent begins; it is shown only now."""

    url: str
    expires_at: datetime


class OpenedConsent(Struct, frozen=True):
    """What the page shows, where its button leads, and the cookie for the browser."""

    organization: Organization
    provider: ProviderName
    scopes: Sequence[ConsentScope]
    has_boxes: bool
    host: str
    url: str
    cookie: str


class FinishedConsent(Struct, frozen=True, kw_only=True):
    """How a consent ended. `lacking` is what was not granted; if any of it is needed, there is no
    connection. `has_boxes` is whether the provider's page has a box for each scope."""

    status: ConsentStatus
    provider: ProviderName
    organization: Organization
    return_url: str | None
    connection_id: UUID | None = None
    lacking: Sequence[ConsentScope] = ()
    reason: str | None = None
    has_boxes: bool = True


async def request_consent(work: UnitOfWork, new: NewConsent) -> MadeConsent:
    """Makes the link to our page. A caller who sees only own things can connect only an own
    account. Raises NotFound (the user, the connection), Invalid."""
    check_provider(work.caller.mode, new.provider)
    provider_of(work.context, new.provider)
    organization = await find_organization(work.tenant)
    assert organization is not None
    _check_return(work.context, organization, new.return_url)
    user_id = work.caller.only_user_id or new.user_id
    if new.connection_id is not None:
        user_id = await _check_connection(work, new)
    elif user_id is not None:
        require(await find_member(work.tenant, user_id), USER, user_id)
    token = new_tenant_token(work.organization_id)
    url = _our_address(work.context, f"{PAGE}/{token}")
    consent = CalendarConsent(
        id=new_id(),
        provider=new.provider.value,
        user_id=user_id,
        connection_id=new.connection_id,
        actor=work.caller.actor,
        return_url=new.return_url,
        token_hash=hash_of(token),
        state_hash=None,
        cookie_hash=None,
        created_at=work.recorded_at,
        expires_at=work.recorded_at + CONSENT_LASTS,
        used_at=None,
    )
    await consents.insert_consent(work.tenant, consent)
    return MadeConsent(url, consent.expires_at)


def provider_of(context: Context, name: ProviderName) -> ConsentProvider:
    """The provider of that name. Raises Invalid if it is not set up here, or needs no consent."""
    provider = context.gateways.consents.get(name)
    if provider is not None:
        return provider
    if name.asks_consent:
        reason = f"is not set up here: KALENDS_{name.upper()}_CLIENT_ID is not set"
        raise Invalid.field("provider", reason)
    raise Invalid.field("provider", "asks for no consent; connect it with its address")


async def _check_connection(work: UnitOfWork, new: NewConsent) -> UUID | None:
    """The user of the connection that the consent is to renew. Raises NotFound, and Invalid for a
    connection of another provider."""
    assert new.connection_id is not None
    before = await lock_connection(work, new.connection_id)
    if before.provider is not new.provider:
        raise Invalid.field("connection_id", "is of another provider")
    return before.user_id


def _check_return(context: Context, organization: Organization, url: str | None) -> None:
    """Raises Invalid for a URL that is neither ours nor one that the organization has allowed, so
    that we redirect nobody elsewhere."""
    if url is None:
        return
    own = origin_of(context.gateways.public_url or "")
    origin = origin_of(url)
    if origin is None or origin not in {own, *organization.return_origins}:
        reason = "must be at our own origin, or at one of the organization's return_origins"
        raise Invalid.field("return_url", reason)


def _our_address(context: Context, path: str) -> str:
    """The public URL of a path. Raises Invalid without one: the provider redirects only to a fixed,
    registered URL."""
    try:
        return link_to(context.gateways, path)
    except AddressUnknown:
        raise Invalid.field("provider", "needs KALENDS_PUBLIC_URL, which is not set") from None


async def open_consent(context: Context, token: str, cookie: str | None) -> OpenedConsent:
    """Binds the consent to the browser, and returns what its page shows. Raises NotFound, also if
    another browser has opened it."""
    key = key_of(token)
    if key.organization_id is None:
        raise _over()
    async with context.database.tenant_transaction(key.organization_id) as tenant:
        consent = await consents.find_consent(tenant, key.token_hash)
        organization = await find_organization(tenant)
        if consent is None or organization is None:
            raise _over()
        name = ProviderName(consent.provider)
        cookie = cookie if cookie and len(cookie) >= COOKIE_BYTES else None
        cookie = cookie or secrets.token_urlsafe(COOKIE_BYTES)
        state = new_tenant_token(key.organization_id)
        kept = hash_of(state), hash_of(cookie)
        if not await consents.bind_consent(tenant, consent.id, *kept, context.clock()):
            raise _over()
        account = await _account_of(tenant, consent)
    try:
        provider = provider_of(context, name)
    except Invalid:
        raise _over() from None
    request = ConsentRequest(
        redirect_uri=_our_address(context, CALLBACK),
        state=state,
        challenge=_challenge(_verifier(cookie, consent.id)),
        account=account,
    )
    url = provider.consent_url(request)
    shown = provider.scopes, provider.has_boxes, provider.host
    return OpenedConsent(organization, name, *shown, url, cookie)


async def _account_of(tenant: TenantConnection, consent: CalendarConsent) -> str | None:
    if consent.connection_id is None:
        return None
    connection = await connections.find_connection(tenant, consent.connection_id)
    return connection.account if connection else None


async def finish_consent(
    context: Context, state: str, cookie: str | None, answer: ConsentAnswer
) -> FinishedConsent:
    """Connects the account, if the answer has a code. Raises NotFound if the state is unknown,
    used, expired, or another browser's."""
    key = key_of(state)
    if key.organization_id is None or not cookie:
        raise _over()
    async with context.database.tenant_transaction(key.organization_id) as tenant:
        consent = await consents.find_consent_of_state(tenant, key.token_hash)
        organization = await find_organization(tenant)
        if consent is None or organization is None or consent.cookie_hash != hash_of(cookie):
            raise _over()
        if not await consents.use_consent(tenant, consent.id, context.clock()):
            raise _over()
    finished = FinishedConsent(
        status=ConsentStatus.DENIED,
        provider=ProviderName(consent.provider),
        organization=organization,
        return_url=consent.return_url,
    )
    finishing = _Finishing(context, consent, finished)
    if answer.code is None:
        return finishing.refused(answer)
    return await finishing.connect(answer.code, _verifier(cookie, consent.id))


class _Finishing(Struct, frozen=True):
    """A consent that was given and is being turned into a connection."""

    context: Context
    consent: CalendarConsent
    finished: FinishedConsent

    def refused(self, answer: ConsentAnswer) -> FinishedConsent:
        """The end of a consent without a code: the person refused, or may not consent alone."""
        provider = self.context.gateways.consents.get(self.finished.provider)
        refusal = provider and provider.refusal_in(answer.error, answer.description)
        needs_admin = refusal is ConsentRefusal.NEEDS_ADMIN
        return self._ended(ConsentStatus.NEEDS_ADMIN if needs_admin else ConsentStatus.DENIED)

    async def connect(self, code: str, verifier: str) -> FinishedConsent:
        provider = provider_of(self.context, self.finished.provider)
        redirect_uri = _our_address(self.context, CALLBACK)
        tokens = await provider.exchange(code, verifier, redirect_uri)
        if not isinstance(tokens, Tokens):
            return self._failed(tokens)
        lacking = lacking_of(provider, tokens.scopes)
        if any(scope.is_needed for scope in lacking):
            return self._ended(ConsentStatus.INCOMPLETE, lacking=lacking)
        account = provider.open_account(KnownTokens(tokens), tokens.scopes)
        found = await account.discover()
        if isinstance(found, ConsentLacks):
            return self._ended(ConsentStatus.INCOMPLETE, lacking=lacking, reason=reason_of(found))
        if not isinstance(found, Discovery):
            return self._failed(found)
        try:
            connection = await self._store(tokens, found)
        except KalendsError as error:
            return self._ended(ConsentStatus.FAILED, reason=error.message)
        return self._ended(
            ConsentStatus.CONNECTED, connection_id=connection.id, lacking=tuple(lacking)
        )

    async def _store(self, tokens: Tokens, found: Discovery) -> CalendarConnection:
        consented = ConsentedAccount(
            provider=self.finished.provider,
            user_id=self.consent.user_id,
            tokens=tokens,
            found=found,
        )
        caller = Caller(self.finished.organization.id, Mode.LIVE, self.consent.actor)
        connection_id = self.consent.connection_id
        if connection_id is not None:
            return await change(self.context, caller, renew_consented, connection_id, consented)
        return await change(self.context, caller, connect_consented, consented)

    def _failed(self, failure: CalendarFailure) -> FinishedConsent:
        reason = None if isinstance(failure, ConsentEnded) else reason_of(failure)
        return self._ended(ConsentStatus.FAILED, reason=reason)

    def _ended(
        self,
        status: ConsentStatus,
        connection_id: UUID | None = None,
        lacking: Sequence[ConsentScope] = (),
        reason: str | None = None,
    ) -> FinishedConsent:
        f = self.finished
        provider = self.context.gateways.consents.get(f.provider)
        return FinishedConsent(
            status=status,
            provider=f.provider,
            organization=f.organization,
            return_url=f.return_url,
            connection_id=connection_id,
            lacking=lacking,
            reason=reason,
            has_boxes=provider is None or provider.has_boxes,
        )


def _verifier(cookie: str, consent_id: UUID) -> str:
    """A code verifier (RFC 7636 4.1) of 43 characters, which only the holder of the cookie can
    compute."""
    digest = hashlib.sha256(b"kalends consent " + consent_id.bytes + cookie.encode()).digest()
    return urlsafe_b64encode(digest).decode().rstrip("=")


def _challenge(verifier: str) -> str:
    digest = hashlib.sha256(verifier.encode()).digest()
    return urlsafe_b64encode(digest).decode().rstrip("=")


def _over() -> NotFound:
    return NotFound("This link has been used, has expired, or was opened in another browser.")
