"""The calendar feed of a schedule: its secret address, made, replaced, taken away."""

from typing import Final

from kalends.services import feeds
from kalends.web.console.request import ConsoleRequest, admin_route
from kalends.web.console.settings.one_time_secret import go_with_secret, take_secret
from kalends.web.console.settings.schedules import PATH, SECTION, open_schedule, path_of
from kalends.web.pages.answers import PageAnswer

TAB: Final = "/feed"


async def show(request: ConsoleRequest) -> PageAnswer:
    """The address itself is shown right after it was made, and never again."""
    schedule = await open_schedule(request)
    secret, headers = take_secret(request, path_of(schedule, TAB))
    return request.page(
        "console/settings/feed.html",
        SECTION,
        headers=headers,
        schedule=schedule,
        path=path_of(schedule),
        tab=TAB,
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
    admin_route("GET", _SCHEDULE + TAB, show),
    admin_route("POST", _SCHEDULE + TAB, make),
    admin_route("POST", _SCHEDULE + TAB + "/revoke", revoke),
)
