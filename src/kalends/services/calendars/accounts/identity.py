"""Checks whose account answers: the person behind a password or an address may change.

What another person's calendars have, or lack, says nothing about our bookings. So the account is
identified before a whole calendar is compared, and before one of our events is taken for deleted.
"""

from urllib.parse import urlsplit

from kalends.domain.calendars.accounts import CalendarAccount, Discovery
from kalends.domain.calendars.connections import CalendarConnection, ProviderName
from kalends.domain.calendars.failures import AnotherAccount


async def ask_whose(
    account: CalendarAccount, connection: CalendarConnection
) -> Discovery | AnotherAccount | None:
    """What the account has, if it is still the connection's; AnotherAccount if not. None if that is
    unknown or needs no check: a calendar file belongs to nobody, and a consent to one person."""
    if connection.provider is not ProviderName.CALDAV:
        return None
    found = await account.discover()
    if not isinstance(found, Discovery):
        return None
    return found if is_same_account(connection, found) else AnotherAccount()


def is_same_account(connection: CalendarConnection, found: Discovery) -> bool:
    """Whether the principal that the server names is the same. A server that names none is
    believed. Hosts may differ, since large services move people between theirs."""
    known, named = connection.principal, found.principal
    return known is None or named is None or _path_of(known) == _path_of(named)


def _path_of(url: str) -> str:
    return urlsplit(url).path.rstrip("/")
