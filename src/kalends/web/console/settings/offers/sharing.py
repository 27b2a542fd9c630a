"""Sharing an event type: its link, its QR code, embedding it in a site; and duplicating it."""

from typing import Final

from markupsafe import Markup

from kalends.domain.rights import Right
from kalends.domain.values import LONGEST_NAME
from kalends.formats.qr_codes import qr_png, qr_svg
from kalends.services import event_types
from kalends.translation import gettext
from kalends.web.console.request import NOT_STORED, ConsoleRequest, console_route
from kalends.web.console.settings.offers.event_types import EDITOR
from kalends.web.http.media_types import MEDIA_TYPES
from kalends.web.pages.answers import PageAnswer

TAB: Final = "/share"
SCRIPT: Final = Markup('<script src="{origin}/embed.js" async></script>\n')
IN_PLACE: Final = SCRIPT + Markup('<div data-kalends="{page}" data-kalends-title="{name}"></div>')
POP_UP: Final = SCRIPT + Markup(
    '<button data-kalends-popup="{page}" data-kalends-title="{name}">{words}</button>'
)


async def show(request: ConsoleRequest) -> PageAnswer:
    event_type = await EDITOR.open(request)
    origin, page = request.page_request.origin, _page_of(request, event_type.slug)
    known = {"origin": origin, "page": page, "name": event_type.name}
    words = gettext("Book {event_type}", event_type=event_type.name)
    return EDITOR.page_about(
        request,
        "console/settings/event-type-share.html",
        event_type,
        TAB,
        url=origin + page,
        page=page,
        words=words,
        in_place=str(IN_PLACE.format(**known)),
        pop_up=str(POP_UP.format(**known, words=words)),
    )


async def show_qr_svg(request: ConsoleRequest) -> PageAnswer:
    code = qr_svg(await _url_in(request))
    return PageAnswer(code, 200, MEDIA_TYPES[".svg"], (NOT_STORED,))


async def show_qr_png(request: ConsoleRequest) -> PageAnswer:
    code = qr_png(await _url_in(request))
    return PageAnswer(code, 200, MEDIA_TYPES[".png"], (NOT_STORED,))


async def duplicate(request: ConsoleRequest) -> PageAnswer:
    """Duplicates the event type and redirects to the copy, which nobody can book yet."""
    event_type = await EDITOR.open(request)
    name = gettext("Copy of {name}", name=event_type.name)[:LONGEST_NAME].rstrip()
    copy = await request.change(event_types.duplicate_event_type, event_type.id, name)
    return request.go(EDITOR.path_of(copy), done="duplicated")


async def _url_in(request: ConsoleRequest) -> str:
    """The URL of the event type's booking page. Raises NotFound."""
    event_type = await EDITOR.open(request)
    return request.page_request.origin + _page_of(request, event_type.slug)


def _page_of(request: ConsoleRequest, slug: str) -> str:
    return f"/{request.organization.slug}/{slug}"


_EVENT_TYPE: Final = EDITOR.path + "/{event_type}"

PAGES: Final = (
    console_route(Right.SEE_EVENT_TYPES, "GET", _EVENT_TYPE + TAB, show),
    console_route(Right.SEE_EVENT_TYPES, "GET", _EVENT_TYPE + TAB + "/qr.svg", show_qr_svg),
    console_route(Right.SEE_EVENT_TYPES, "GET", _EVENT_TYPE + TAB + "/qr.png", show_qr_png),
    console_route(Right.CHANGE_SETTINGS, "POST", _EVENT_TYPE + "/duplicate", duplicate),
)
