"""`/live`: server-sent events that tell a page when to reload. The page fetches the news itself.

The stream ends with the session, with the user's membership, or when the server shuts down.
"""

from collections.abc import AsyncIterator
from typing import Final

from kalends.domain.errors import NotFound, Unauthorized, Unavailable
from kalends.domain.rights import Right
from kalends.runtime.change_watcher import Watch
from kalends.services.event_log import concern_caller
from kalends.services.users.sign_in_sessions import find_signed_in_user, get_account
from kalends.web.console.request import ConsoleRequest, console_route
from kalends.web.http.protocol import ENDLESS
from kalends.web.http.sign_ins import token_in
from kalends.web.pages.answers import PageAnswer, Stream

PATH: Final = "/live"
# At least this often something is sent, which keeps proxies from closing the connection, and the
# session is checked.
HEARTBEAT_SECONDS: Final = 15.0
COME_BACK_AFTER_MS: Final = 3_000
# The event id for users who see only own things, to whom event numbers would betray how much
# happens to others'. A browser that reconnects with it is told to reload, in case it missed a
# change.
OF_OWN: Final = "own"
OWN_CHANGE: Final = b"event: change\ndata: -\n\n"


async def stream_changes(request: ConsoleRequest) -> PageAnswer | Stream:
    """Streams the changes. Raises Unavailable if too many streams are open already."""
    if request.page_request.page_context.change_watcher.is_full:
        raise Unavailable("There are too many connections of this kind just now.")
    request.page_request.scope[ENDLESS] = True
    return Stream(_chunks(request))


async def _chunks(request: ConsoleRequest) -> AsyncIterator[bytes]:
    known = _last_seen(request) if request.sees_all else None
    watcher = request.page_request.page_context.change_watcher
    async with watcher.watch(request.organization.id, known) as watch:
        yield f"retry: {COME_BACK_AFTER_MS}\n\n".encode()
        if not request.sees_all:
            yield f"id: {OF_OWN}\n\n".encode()
            if request.page_request.headers.get("last-event-id") == OF_OWN:
                yield OWN_CHANGE
        async for chunk in _changes(request, watch):
            yield chunk


async def _changes(request: ConsoleRequest, watch: Watch) -> AsyncIterator[bytes]:
    async for change in watch.changes(HEARTBEAT_SECONDS):
        if not await _may_go_on(request):
            yield b"event: end\ndata: -\n\n"
            return
        if change is None:
            yield b": still here\n\n"
        elif request.sees_all:
            yield f"id: {change.number}\nevent: change\ndata: {change.number}\n\n".encode()
        elif await request.read(concern_caller, change.before, change.number):
            yield OWN_CHANGE


def _last_seen(request: ConsoleRequest) -> int | None:
    """The number of the last event that a browser which reconnects has been told of."""
    text = request.page_request.headers.get("last-event-id", "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 16 else None


async def _may_go_on(request: ConsoleRequest) -> bool:
    """Whether the session still exists, and the user has the same role in the organization."""
    token = token_in(request.page_request.headers)
    try:
        user = await find_signed_in_user(request.page_request.context, token) if token else None
        if user is None or user.id != request.user_id:
            return False
        account = await request.read(get_account, user.id)
    except (NotFound, Unauthorized):
        return False
    except Unavailable:
        return True
    return request.membership in account.memberships


PAGES: Final = (console_route(Right.SEE_BOOKINGS, "GET", PATH, stream_changes),)
