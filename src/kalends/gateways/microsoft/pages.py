"""Reads lists from Graph page by page (`@odata.nextLink`), and where a list of changes goes on
(`@odata.deltaLink`)."""

from collections.abc import Mapping
from typing import Any, Final

from msgspec import Struct

from kalends.domain.calendars.failures import (
    CalendarFailure,
    CalendarTooLarge,
    NotUnderstood,
    TokenRefused,
    Unanswered,
)
from kalends.formats.lenient_json import dict_in, list_in
from kalends.gateways.json_api import Answer, Query
from kalends.gateways.microsoft.places import CALENDARS_SCOPE
from kalends.gateways.microsoft.session import MicrosoftSession

MOST_PAGES: Final = 1_000
# Graph's codes for an expired state; it writes them in several ways, in upper and lower case.
FORGOTTEN: Final = frozenset({"syncstatenotfound", "resyncrequired", "syncstateinvalid"})
LINKS: Final = ("delta", "next")
Row = Mapping[str, Any]


class ListedPage(Struct, frozen=True):
    """All rows of a list of changes, and the link to the next one."""

    rows: list[Row]
    delta_url: str


async def list_rows(
    session: MicrosoftSession, path: str, query: Query, most: int
) -> list[Row] | CalendarFailure:
    """All rows of a list."""
    answer = await session.send("GET", path, CALENDARS_SCOPE, query)
    rows: list[Row] = []
    for _ in range(MOST_PAGES):
        if not isinstance(answer, Answer):
            return answer
        if not answer.is_success:
            return answer.failure
        rows += map(dict_in, list_in(answer.value.get("value")))
        following = answer.value.get("@odata.nextLink")
        if not isinstance(following, str):
            return rows
        if len(rows) > most:
            break
        answer = await session.follow(following, CALENDARS_SCOPE)
    return CalendarTooLarge(f"a list has more than {most} rows")


async def list_changes(
    session: MicrosoftSession,
    first: Answer | CalendarFailure,
    most: int,
    prefer: tuple[str, ...],
) -> ListedPage | TokenRefused | CalendarFailure:
    """All pages of a round, which begins with that answer. If a page is missing, the whole round is
    a failure, and what is known does not change until a later round is complete."""
    answer, rows = first, list[Row]()
    for _ in range(MOST_PAGES):
        if not isinstance(answer, Answer):
            return answer
        if answer.status == 410 or (answer.reason or "").lower() in FORGOTTEN:
            return TokenRefused("Microsoft does not go on from this token")
        if not answer.is_success:
            return answer.failure
        rows += map(dict_in, list_in(answer.value.get("value")))
        if len(rows) > most:
            return CalendarTooLarge(f"it has more than {most} events")
        delta_url, following = (answer.value.get(f"@odata.{name}Link") for name in LINKS)
        if isinstance(delta_url, str):
            return ListedPage(rows, delta_url)
        if not isinstance(following, str):
            return Unanswered("a list of changes breaks off")
        answer = await session.follow(following, CALENDARS_SCOPE, prefer)
    return NotUnderstood("a list of changes does not end")
