"""Connections to accounts that are reached by consent: connecting them, and renewing the
consent."""

from typing import Final
from uuid import UUID

from msgspec import Struct, structs

from kalends.domain.calendars.accounts import CalendarLogin, Discovery
from kalends.domain.calendars.connections import CalendarConnection, ProviderName
from kalends.domain.calendars.consent import Tokens
from kalends.domain.errors import Invalid
from kalends.runtime.unit_of_work import UnitOfWork
from kalends.services.calendars.accounts.connections import (
    NewCalendarConnection,
    create_connection,
    lock_connection,
    sign_in_anew,
)
from kalends.services.calendars.accounts.tokens import seal_tokens
from kalends.store.calendars import connections
from kalends.store.calendars.tokens import replace_tokens

ANOTHER_ACCOUNT: Final = "is another account; connect that one by itself"


class ConsentedAccount(Struct, frozen=True, kw_only=True):
    """An account whose owner has consented, and what it has."""

    provider: ProviderName
    user_id: UUID | None
    tokens: Tokens
    found: Discovery


async def connect_consented(work: UnitOfWork, consented: ConsentedAccount) -> CalendarConnection:
    """Connects the account. If it is connected already for the same user, that connection gets the
    new tokens. Raises NotFound (the user), Invalid."""
    known = await connections.find_connection_of_account(
        work.tenant, consented.provider, consented.found.principal, consented.user_id
    )
    if known is not None:
        return await renew_consented(work, known, consented)
    login = CalendarLogin(url="", username=consented.found.principal or "")
    new = NewCalendarConnection(provider=consented.provider, login=login, user_id=consented.user_id)
    shown = await create_connection(work, new, consented.found, consented.tokens.scopes)
    await _keep_tokens(work, shown.connection.id, consented.tokens)
    return shown.connection


async def renew_consented(
    work: UnitOfWork, connection_id: UUID, consented: ConsentedAccount
) -> CalendarConnection:
    """Gives the connection the new tokens; readings and writings that waited go on. Raises
    NotFound, and Invalid if the consent is for another account."""
    before = await lock_connection(work, connection_id)
    if before.account != consented.found.principal:
        raise Invalid.field("account", ANOTHER_ACCOUNT)
    await _keep_tokens(work, connection_id, consented.tokens)
    renewed = structs.replace(before, scopes=list(consented.tokens.scopes))
    return await sign_in_anew(work, renewed, consented.found)


async def _keep_tokens(work: UnitOfWork, connection_id: UUID, tokens: Tokens) -> None:
    await replace_tokens(
        work.tenant, connection_id, seal_tokens(work.context.seal, connection_id, tokens)
    )
