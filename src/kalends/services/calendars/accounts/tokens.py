"""The tokens of a connection: sealed in its row, and renewed by one process at a time.

A process that needs new tokens takes a lease in the row, asks the provider outside of any
transaction, and stores the result only if nobody else has written meanwhile. All others wait for
that, and read the row.
"""

import asyncio
from datetime import UTC, datetime, timedelta
from time import monotonic
from typing import Final
from uuid import UUID

from msgspec import Struct

from kalends.domain.calendars.consent import ConsentProvider, Tokens
from kalends.domain.calendars.failures import CalendarFailure, ConsentEnded, Unanswered
from kalends.domain.ids import new_id
from kalends.runtime.sealing import Seal, close_value, open_value
from kalends.runtime.unit_of_work import Context
from kalends.store.calendars import tokens as store
from kalends.store.calendars.tokens import StoredTokens

PURPOSE: Final = "calendar tokens {}"
# Longer than the timeout of a request to a provider.
LEASE: Final = timedelta(seconds=30)
LOOK_AGAIN_SECONDS: Final = 0.1
LONGEST_WAIT_SECONDS: Final = 20.0
# A token that expires within this time is renewed before it is used.
SPARE: Final = timedelta(seconds=60)
BUSY: Final = Unanswered("another process is getting new tokens")


class _Sealed(Struct, frozen=True, array_like=True):
    access_token: str
    access_until: float
    refresh_token: str
    scopes: tuple[str, ...]


def seal_tokens(seal: Seal, connection_id: UUID, tokens: Tokens) -> bytes:
    sealed = _Sealed(
        tokens.access_token, tokens.access_until.timestamp(), tokens.refresh_token, tokens.scopes
    )
    return close_value(seal, sealed, PURPOSE.format(connection_id))


def open_tokens(seal: Seal, connection_id: UUID, sealed: bytes) -> Tokens | None:
    """The decrypted tokens; None if KALENDS_SECRET is another one now."""
    opened = open_value(seal, sealed, PURPOSE.format(connection_id), _Sealed)
    if opened is None:
        return None
    return Tokens(
        access_token=opened.access_token,
        access_until=datetime.fromtimestamp(opened.access_until, UTC),
        refresh_token=opened.refresh_token,
        scopes=opened.scopes,
    )


class KnownTokens(Struct, frozen=True):
    """Tokens of a new consent that has no connection yet: see `TokenSource`."""

    tokens: Tokens

    async def access_token(self, refused: str | None = None) -> str | CalendarFailure:
        return self.tokens.access_token if refused is None else ConsentEnded()


class ConnectionTokens(Struct, frozen=True):
    """The tokens of a connection in its `generation`; once there is another consent, it gives none.
    See `TokenSource`."""

    context: Context
    organization_id: UUID
    connection_id: UUID
    generation: int
    provider: ConsentProvider

    async def access_token(self, refused: str | None = None) -> str | CalendarFailure:
        until, holder, is_new = monotonic() + LONGEST_WAIT_SECONDS, new_id(), False
        while monotonic() < until:
            stored = await self._stored()
            known = self._opened(stored)
            if stored is None or known is None:
                return ConsentEnded()
            if stored.generation != self.generation:
                return Unanswered("the account was connected anew")
            if is_new or (known.access_token != refused and self._is_good(known)):
                return known.access_token
            if stored.is_leased or not await self._lease(stored.version, holder):
                await asyncio.sleep(LOOK_AGAIN_SECONDS)
                continue
            failure = await self._renew(known, stored.version, holder)
            if failure is not None:
                return failure
            is_new = True
        return BUSY

    def _is_good(self, tokens: Tokens) -> bool:
        return tokens.access_until > self.context.clock() + SPARE

    async def _renew(self, known: Tokens, version: int, holder: UUID) -> CalendarFailure | None:
        """Requests new tokens, and stores them unless somebody else has."""
        try:
            renewed = await self.provider.refresh(known)
            if isinstance(renewed, Tokens):
                sealed = seal_tokens(self.context.seal, self.connection_id, renewed)
                async with self.context.database.tenant_connection(self.organization_id) as tenant:
                    await store.store_tokens(tenant, self.connection_id, version, holder, sealed)
                return None
        except BaseException:
            await asyncio.shield(self._release(holder))
            raise
        await self._release(holder)
        return renewed

    async def _stored(self) -> StoredTokens | None:
        async with self.context.database.tenant_connection(self.organization_id) as tenant:
            return await store.find_tokens(tenant, self.connection_id)

    def _opened(self, stored: StoredTokens | None) -> Tokens | None:
        if stored is None or stored.sealed is None:
            return None
        return open_tokens(self.context.seal, self.connection_id, stored.sealed)

    async def _lease(self, version: int, holder: UUID) -> bool:
        async with self.context.database.tenant_connection(self.organization_id) as tenant:
            return await store.lease_tokens(tenant, self.connection_id, version, holder, LEASE)

    async def _release(self, holder: UUID) -> None:
        async with self.context.database.tenant_connection(self.organization_id) as tenant:
            await store.release_tokens(tenant, self.connection_id, holder)
