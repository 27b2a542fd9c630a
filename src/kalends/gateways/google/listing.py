"""Lists the calendars of a Google account."""

from collections.abc import Collection, Mapping
from typing import Any, Final

from kalends.domain.calendars.accounts import CalendarAccess, Discovery, RemoteCalendar
from kalends.domain.calendars.failures import CalendarFailure, NotUnderstood
from kalends.formats.lenient_json import dict_in, line_in, list_in
from kalends.gateways.google.places import LIST_SCOPE, OWNED_SCOPE
from kalends.gateways.google.session import GoogleSession
from kalends.gateways.json_api import Answer

PATH: Final = "users/me/calendarList"
A_PAGE: Final = "250"
MOST_PAGES: Final = 20
FIELDS: Final = (
    "nextPageToken,items(id,summary,summaryOverride,timeZone,accessRole,primary,deleted)"
)


async def list_calendars(
    session: GoogleSession, granted: Collection[str]
) -> Discovery | CalendarFailure:
    """All calendars; the account's name is the id of its primary calendar."""
    found: list[RemoteCalendar] = []
    principal: str | None = None
    query = {"maxResults": A_PAGE, "fields": FIELDS}
    for _ in range(MOST_PAGES):
        answer = await session.send("GET", PATH, LIST_SCOPE, query)
        if not isinstance(answer, Answer):
            return answer
        if not answer.is_success:
            return answer.failure
        for item in map(dict_in, list_in(answer.value.get("items"))):
            calendar = _calendar_in(item, granted)
            if calendar is not None:
                found.append(calendar)
                principal = calendar.url if item.get("primary") is True else principal
        token = answer.value.get("nextPageToken")
        if not isinstance(token, str):
            return Discovery(principal=principal, homes=(), calendars=found)
        query["pageToken"] = token
    return NotUnderstood("the list of calendars does not end")


def _calendar_in(item: Mapping[str, Any], granted: Collection[str]) -> RemoteCalendar | None:
    id_ = item.get("id")
    if not isinstance(id_, str) or not id_ or item.get("deleted") is True:
        return None
    zone = item.get("timeZone")
    return RemoteCalendar(
        url=id_,
        name=line_in(item.get("summaryOverride")) or line_in(item.get("summary")),
        zone=zone if isinstance(zone, str) else None,
        access=_access(item.get("accessRole"), granted),
    )


def _access(role: Any, granted: Collection[str]) -> CalendarAccess:
    """What we may do: as we ask for no more, only the person's own calendars are written into."""
    if role == "freeBusyReader":
        return CalendarAccess.FREEBUSY
    may_write = role == "owner" and OWNED_SCOPE.name in granted
    return CalendarAccess.WRITE if may_write else CalendarAccess.READ
