"""The calendar feed of a schedule: creating, replacing and revoking its secret address."""

from typing import Final

from kalends.domain.rights import Right
from kalends.services import feeds
from kalends.web.console.request import ConsoleRequest, console_route
from kalends.web.console.settings.forms.one_time_secret import go_with_secret, take_secret
from kalends.web.console.settings.offers.schedules import EDITOR, PATH, open_schedule, path_of
from kalends.web.pages.answers import PageAnswer

TAB: Final = "/feed"


async def show(request: ConsoleRequest) -> PageAnswer:
    """Shows whether there is a feed; its address is only shown right after it was created."""
    schedule = await open_schedule(request)
    secret, headers = take_secret(request, path_of(schedule, TAB))
    return EDITOR.page_about(
        request,
        "console/settings/feed.html",
        schedule,
        TAB,
        headers=headers,
        since=await request.read(feeds.find_feed, schedule.id),
        secret=secret,
    )


async def make(request: ConsoleRequest) -> PageAnswer:
    schedule = await open_schedule(request)
    feed = await request.change(feeds.replace_feed, schedule.id)
    address = f"{request.page_request.origin}/feeds/{feed.token}.ics"
    return go_with_secret(request, path_of(schedule, TAB), address, "feed-made")


async def revoke(request: ConsoleRequest) -> PageAnswer:
    schedule = await open_schedule(request)
    await request.change(feeds.delete_feed, schedule.id)
    return request.go(path_of(schedule, TAB), done="feed-revoked")


_SCHEDULE: Final = PATH + "/{schedule}"

PAGES: Final = (
    console_route(Right.CHANGE_FEEDS, "GET", _SCHEDULE + TAB, show),
    console_route(Right.CHANGE_FEEDS, "POST", _SCHEDULE + TAB, make),
    console_route(Right.CHANGE_FEEDS, "POST", _SCHEDULE + TAB + "/revoke", revoke),
)
