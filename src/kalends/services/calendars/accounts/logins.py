"""The credentials of a connection: sealed in its row, opened to sign in."""

from collections.abc import Mapping
from typing import Final
from uuid import UUID

from msgspec import structs

from kalends.domain.calendars.accounts import CalendarAccount, CalendarLogin
from kalends.domain.calendars.connections import CalendarConnection
from kalends.domain.calendars.failures import (
    AddressRefused,
    AnotherAccount,
    CalendarFailure,
    CalendarGone,
    CalendarTooLarge,
    ConsentEnded,
    ConsentLacks,
    CredentialsRefused,
    LeadsElsewhere,
    NotAllowed,
    NotUnderstood,
    Unanswered,
)
from kalends.runtime.sealing import Seal, close_value, open_value
from kalends.runtime.unit_of_work import Context
from kalends.services.calendars.accounts.tokens import ConnectionTokens

PURPOSE: Final = "calendar connection {}"
_SENTENCES: Final[Mapping[type[CalendarFailure], str]] = {
    Unanswered: "The server did not answer: {reason}.",
    AddressRefused: "The address {reason}.",
    LeadsElsewhere: "The address leads to another server; enter that server's own address.",
    CredentialsRefused: "The server does not accept the user name and password.",
    ConsentEnded: "The consent has ended: somebody has to connect the account again.",
    ConsentLacks: "The consent lacks what was left unticked, or was not granted: {reason}.",
    AnotherAccount: "Another account answers there now. Nothing of it was taken over; connect it"
    " anew, or give the password of the account that was connected.",
    NotAllowed: "The server does not allow it: {reason}.",
    NotUnderstood: "What answers there is no calendar: {reason}.",
    CalendarTooLarge: "The calendar is too large: {reason}.",
    CalendarGone: "There is no such calendar any more.",
}


class _SealedLogin(CalendarLogin, frozen=True, array_like=True):
    """As it is stored: its values in their order."""


def seal_login(seal: Seal, connection_id: UUID, login: CalendarLogin) -> bytes:
    """The credentials as they are stored. They include the URL, which is a secret for a calendar
    file."""
    return close_value(seal, _SealedLogin(**structs.asdict(login)), PURPOSE.format(connection_id))


def open_login(seal: Seal, connection: CalendarConnection) -> CalendarLogin | None:
    """The credentials; None if KALENDS_SECRET is another one now."""
    if connection.sealed is None:
        return None
    purpose = PURPOSE.format(connection.id)
    opened = open_value(seal, connection.sealed, purpose, _SealedLogin)
    return None if opened is None else CalendarLogin(**structs.asdict(opened))


def open_account(
    context: Context, organization_id: UUID, connection: CalendarConnection
) -> CalendarAccount | CredentialsRefused:
    """The account behind the connection; sends no request yet. CredentialsRefused if the
    credentials cannot be opened any more: somebody has to enter them again."""
    if connection.provider.asks_consent:
        return _consented(context, organization_id, connection)
    login = open_login(context.seal, connection)
    if login is None:
        return CredentialsRefused()
    return context.gateways.calendars[connection.provider].open_account(login)


def _consented(
    context: Context, organization_id: UUID, connection: CalendarConnection
) -> CalendarAccount | CredentialsRefused:
    """The account that is reached by consent. CredentialsRefused if the provider is not set up here
    any more."""
    provider = context.gateways.consents.get(connection.provider)
    if provider is None:
        return ConsentEnded()
    source = ConnectionTokens(
        context, organization_id, connection.id, connection.generation, provider
    )
    return provider.open_account(source, connection.scopes)


def reason_of(failure: CalendarFailure) -> str:
    """The failure as an English sentence for people, without any URL or secret."""
    return _SENTENCES[type(failure)].format(reason=getattr(failure, "reason", ""))
