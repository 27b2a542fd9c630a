"""The calendar feed of a schedule: its secret address, made, replaced, taken away."""

from typing import Final

from kalends.services import feeds
from kalends.web.console.desk import Desk, admin_route
from kalends.web.console.settings.once import go_with_secret, take_secret
from kalends.web.console.settings.schedules import PATH, SECTION, open_schedule, path_of
from kalends.web.pages.answers import PageAnswer

TAB: Final = "/feed"


async def show(desk: Desk) -> PageAnswer:
    """The address itself is shown right after it was made, and never again."""
    schedule = await open_schedule(desk)
    secret, headers = take_secret(desk, path_of(schedule, TAB))
    return desk.page(
        "console/settings/feed.html",
        SECTION,
        headers=headers,
        schedule=schedule,
        path=path_of(schedule),
        tab=TAB,
        since=await desk.read(feeds.find_feed, schedule.id),
        secret=secret,
    )


async def make(desk: Desk) -> PageAnswer:
    schedule = await open_schedule(desk)
    feed = await desk.change(feeds.replace_feed, schedule.id)
    address = f"{desk.visit.origin}/feeds/{feed.token}.ics"
    return go_with_secret(desk, path_of(schedule, TAB), address, "feed-made")


async def revoke(desk: Desk) -> PageAnswer:
    schedule = await open_schedule(desk)
    await desk.change(feeds.delete_feed, schedule.id)
    return desk.go(path_of(schedule, TAB), done="feed-revoked")


_SCHEDULE: Final = PATH + "/{schedule}"

PAGES: Final = (
    admin_route("GET", _SCHEDULE + TAB, show),
    admin_route("POST", _SCHEDULE + TAB, make),
    admin_route("POST", _SCHEDULE + TAB + "/revoke", revoke),
)
