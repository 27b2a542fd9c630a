"""`/live`: server-sent events that say when to look again. What is new, the page itself fetches.

The stream ends when the session does, when the user's membership does, or with the server.
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
# So often something is sent, so that proxies keep the connection; and the session is looked at.
HEARTBEAT_SECONDS: Final = 15.0
COME_BACK_AFTER_MS: Final = 3_000
# To who sees own things alone the numbers of events would tell of others'. A browser that comes
# back with this looks again, as something may have changed meanwhile.
OF_OWN: Final = "own"
OWN_CHANGE: Final = b"event: change\ndata: -\n\n"


async def stream_changes(request: ConsoleRequest) -> PageAnswer | Stream:
    """Raises Unavailable where too many look already."""
    if request.page_request.page_context.change_watcher.is_full:
        raise Unavailable("There are too many connections of this kind just now.")
    request.page_request.scope[ENDLESS] = True
    return Stream(_chunks(request))


async def _chunks(request: ConsoleRequest) -> AsyncIterator[bytes]:
    known = _seen(request) if request.sees_all else None
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
        if not await _is_still_in(request):
            yield b"event: end\ndata: -\n\n"
            return
        if change is None:
            yield b": still here\n\n"
        elif request.sees_all:
            yield f"id: {change.number}\nevent: change\ndata: {change.number}\n\n".encode()
        elif await request.read(concern_caller, change.before, change.number):
            yield OWN_CHANGE


def _seen(request: ConsoleRequest) -> int | None:
    """What a browser that comes back had heard of last."""
    text = request.page_request.headers.get("last-event-id", "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 16 else None


async def _is_still_in(request: ConsoleRequest) -> bool:
    """Whether the session goes on, and the user still has that role in the organization."""
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
