"""Lists the calendars of a Microsoft account, and finds the account's name."""

from collections.abc import Collection, Mapping
from typing import Any, Final

from kalends.domain.calendars.accounts import CalendarAccess, Discovery, RemoteCalendar
from kalends.domain.calendars.failures import CalendarFailure, NotUnderstood
from kalends.formats.lenient_json import dict_in, line_in
from kalends.gateways.json_api import Answer
from kalends.gateways.microsoft.pages import list_rows
from kalends.gateways.microsoft.places import CALENDARS_SCOPE, PROFILE_SCOPE
from kalends.gateways.microsoft.session import MicrosoftSession

MOST_CALENDARS: Final = 2_000
CALENDARS: Final = {"$select": "id,name,canEdit,isDefaultCalendar,owner", "$top": "100"}
PROFILE: Final = {"$select": "mail,userPrincipalName"}


async def list_calendars(
    session: MicrosoftSession, granted: Collection[str]
) -> Discovery | CalendarFailure:
    """All calendars; the account's name is its mail address in lower case, as Microsoft writes the
    same address sometimes in one way and sometimes in another."""
    profile = await session.send("GET", "me", PROFILE_SCOPE, PROFILE)
    if not isinstance(profile, Answer):
        return profile
    if not profile.is_success:
        return profile.failure
    addresses = [line_in(profile.value.get(name)) for name in ("mail", "userPrincipalName")]
    names = [name.lower() for name in addresses if name]
    account = next(iter(names), None)
    if account is None:
        return NotUnderstood("the account has no address")
    listed = await list_rows(session, "me/calendars", CALENDARS, MOST_CALENDARS)
    if not isinstance(listed, list):
        return listed
    # The owners of the default calendar, as an account may have several addresses.
    own = {_owner_of(row) for row in listed if row.get("isDefaultCalendar") is True}
    own.update(names)
    found = [_calendar_in(row, own, granted) for row in listed]
    calendars = [calendar for calendar in found if calendar is not None]
    return Discovery(principal=account, homes=(), calendars=calendars)


def _calendar_in(
    row: Mapping[str, Any], own: Collection[str | None], granted: Collection[str]
) -> RemoteCalendar | None:
    """The calendar. Only the account's own are written into; others would need another scope."""
    id_ = row.get("id")
    if not isinstance(id_, str) or not id_:
        return None
    is_own = row.get("canEdit") is True and _owner_of(row) in own
    may_write = is_own and CALENDARS_SCOPE.name in granted
    return RemoteCalendar(
        url=id_,
        name=line_in(row.get("name")),
        access=CalendarAccess.WRITE if may_write else CalendarAccess.READ,
    )


def _owner_of(row: Mapping[str, Any]) -> str | None:
    address = dict_in(row.get("owner")).get("address")
    return address.lower() if isinstance(address, str) else None
