"""The event log, and the page that leads to the API's description."""

from typing import Final

from kalends.domain.rights import Right
from kalends.services import event_log
from kalends.web.console.history import actor_words
from kalends.web.console.request import ConsoleRequest, console_route
from kalends.web.pages.answers import PageAnswer

EVENTS: Final = "/events"
API: Final = "/api"
LISTED: Final = 50
LONGEST_NUMBER: Final = 18


async def list_events(request: ConsoleRequest) -> PageAnswer:
    """Lists events, the latest first; `before` in the query is the number of the last one seen."""
    text = request.query.text("before")
    is_number = text.isascii() and text.isdigit() and len(text) <= LONGEST_NUMBER
    before = int(text) if is_number else None
    events, has_earlier = await request.read(event_log.list_latest, before, LISTED)
    return request.page(
        "console/settings/events.html",
        "events",
        events=events,
        actor_words=actor_words,
        before=before,
        has_earlier=has_earlier,
    )


async def show_api(request: ConsoleRequest) -> PageAnswer:
    base = f"{request.page_request.origin}/api/v1"
    return request.page("console/settings/api.html", "api", base=base)


PAGES: Final = (
    console_route(Right.CHANGE_SETTINGS, "GET", EVENTS, list_events),
    console_route(Right.CHANGE_SETTINGS, "GET", API, show_api),
)
