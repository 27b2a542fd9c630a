"""Whose account it is that answers: passwords and addresses stay, and people behind them change.

What another person's calendars have, or lack, says nothing about our bookings. So it is asked
before all of a calendar is compared, and before an event of ours is believed to be deleted.
"""

from urllib.parse import urlsplit

from kalends.domain.calendars.accounts import CalendarAccount, Discovery
from kalends.domain.calendars.connections import CalendarConnection, ProviderName
from kalends.domain.calendars.failures import AnotherAccount


async def ask_whose(
    account: CalendarAccount, connection: CalendarConnection
) -> Discovery | AnotherAccount | None:
    """What the account has, if it is still that of the connection; None where that cannot be
    known, or need not be: a calendar file is nobody's, and a consent is one person's."""
    if connection.provider is not ProviderName.CALDAV:
        return None
    found = await account.discover()
    if not isinstance(found, Discovery):
        return None
    return found if is_same_account(connection, found) else AnotherAccount()


def is_same_account(connection: CalendarConnection, found: Discovery) -> bool:
    """By whom the server says that it is; servers that do not say it are believed. Hosts differ:
    large services move people between them."""
    known, named = connection.principal, found.principal
    return known is None or named is None or _path_of(known) == _path_of(named)


def _path_of(url: str) -> str:
    return urlsplit(url).path.rstrip("/")
