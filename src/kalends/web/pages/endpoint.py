"""The endpoint of one page path: access, origin of forms, then the handler, and errors as pages.

It is the counterpart of `web/http/endpoint.py`, the endpoint of API paths.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from typing import Final
from urllib.parse import quote
from uuid import UUID

from starlette.datastructures import Headers
from starlette.types import Receive, Scope, Send

from kalends.domain.errors import (
    FormOutdated,
    KalendsError,
    MethodNotAllowed,
    NotFound,
    Unauthorized,
)
from kalends.domain.rights import Right
from kalends.runtime.unit_of_work import Caller
from kalends.translation import in_language
from kalends.web.http.endpoint import error_answer, send_answer
from kalends.web.http.routes import Access, PathRoutes
from kalends.web.http.sign_ins import ANONYMOUS, SAFE_METHODS
from kalends.web.pages.answers import Headers as HeaderPairs
from kalends.web.pages.answers import PageAnswer, Stream, redirect, send_page, send_stream
from kalends.web.pages.errors import error_page
from kalends.web.pages.languages import Reader
from kalends.web.pages.request import PageContext, PageRequest
from kalends.web.pages.routes import Framing, PageRoute
from kalends.web.pages.safety import CLOSED, FRAMED, with_styles
from kalends.web.pages.unsent import find_unsent, forget_unsent, keep_unsent, unsent_in

CONSOLE: Final = "/console"
SIGN_IN: Final = "/console/sign-in"
SEE_OTHER: Final = 303
# The status of a form that answers NotSaved.
NOT_SAVED: Final = 422
EMBED_QUERY: Final = b"embed=1"


@dataclass(frozen=True)
class PageEndpoint:
    """The methods of one path."""

    page_context: PageContext
    routes: PathRoutes[PageRoute]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        route = self.routes.open(scope)
        if (route or self.routes.any).is_secret:
            scope["logged_path"] = self.routes.path
        is_framed = route is not None and _is_framed(route, scope)
        headers = Headers(scope=scope)
        reader = Reader(headers.get("accept-language", ""))
        request = PageRequest(
            scope, receive, self.page_context, headers, ANONYMOUS, is_framed, reader
        )
        # The middleware catches unexpected errors, and shows them as a page by this.
        scope["show_error"] = _error_sender(request, send)
        with in_language(request.words_language):
            try:
                answer = await self._answer(request, route)
            except KalendsError as error:
                answer = error_page(request, error)
            await send_answer_of(request, send, answer)

    async def _answer(self, request: PageRequest, route: PageRoute | None) -> PageAnswer | Stream:
        unsent_id = unsent_in(request)
        form_route = self._form_of_user
        effective_route = form_route if unsent_id is not None and form_route is not None else route
        if effective_route is None:
            raise NotAMethod(sorted(self.routes.by_method))
        try:
            request.caller = await self._admit(effective_route.access, request)
        except Unauthorized:
            return redirect(await _sign_in_for(request))
        if unsent_id is not None and effective_route is form_route:
            return await self._show_unsent(request, unsent_id, effective_route)
        return await _answer_form(request, effective_route)

    @property
    def _form_of_user(self) -> PageRoute | None:
        """What takes the form of a signed-in user, which is the only kind that is kept."""
        sends = self.routes.by_method.get("POST")
        return None if sends is None or sends.access is Access.OPEN else sends

    async def _show_unsent(
        self, request: PageRequest, form_id: UUID, sends: PageRoute
    ) -> PageAnswer | Stream:
        """Shows an unsent form as its handler shows a form that it does not accept. If the form is
        not kept any more, or is another user's, it shows the page itself."""
        typed = await find_unsent(request, form_id)
        if typed is None:
            page = quote(request.scope["path"])
            return redirect(page if "GET" in self.routes.by_method else CONSOLE)
        answer = await sends.handler(request.as_unsent(form_id, typed))
        if isinstance(answer, PageAnswer) and answer.status == NOT_SAVED:
            return replace(answer, status=200)
        return answer

    async def _admit(self, access: Access | Right, request: PageRequest) -> Caller:
        """Who makes the request. Raises Unauthorized, Forbidden (foreign origin)."""
        sessions = self.page_context.sessions
        if access is Access.OPEN:
            return sessions.admit_anyone(request.scope, request.headers)
        return await sessions.admit_user(request.scope, request.headers)


class NotAMethod(MethodNotAllowed):
    def __init__(self, allowed: list[str]) -> None:
        super().__init__("This method is not one of this page.")
        self.allowed = ", ".join(allowed)


@dataclass(frozen=True)
class PageNotFoundApp:
    """Answers paths that do not exist with 404: a page for people; JSON for programs and below
    `/api`."""

    page_context: PageContext
    programs: Callable[[Scope, Receive, Send], Awaitable[None]]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = Headers(scope=scope)
        is_api = scope["path"].split("/")[1:2] == ["api"]
        if is_api or "text/html" not in headers.get("accept", ""):
            await self.programs(scope, receive, send)
            return
        reader = Reader(headers.get("accept-language", ""))
        request = PageRequest(scope, receive, self.page_context, headers, ANONYMOUS, reader=reader)
        with in_language(request.words_language):
            await send_answer_of(
                request, send, error_page(request, NotFound("There is no such path."))
            )


async def send_answer_of(request: PageRequest, send: Send, answer: PageAnswer | Stream) -> None:
    """Sends an answer with the security headers of its page."""
    method = request.scope["method"]
    headers: HeaderPairs = FRAMED if request.is_framed else CLOSED
    if isinstance(answer, Stream):
        await send_stream(request.receive, send, method, answer, headers)
        return
    headers = with_styles(headers, answer.inline_styles)
    takes_gzip = "gzip" in request.headers.get("accept-encoding", "")
    await send_page(send, method, answer, headers, takes_gzip=takes_gzip)


def _is_framed(route: PageRoute, scope: Scope) -> bool:
    return route.framing is Framing.EMBEDDED and EMBED_QUERY in scope["query_string"].split(b"&")


async def _answer_form(request: PageRequest, route: PageRoute) -> PageAnswer | Stream:
    """Answers a posted form. One from an older session of the same user is shown again, to be sent
    in the current session. Raises FormOutdated for a form of anybody else."""
    try:
        answer = await route.handler(request)
    except FormOutdated:
        again = await keep_unsent(request)
        if again is None:
            raise
        return redirect(again)
    if isinstance(answer, PageAnswer) and answer.status == SEE_OTHER:
        await forget_unsent(request)
    return answer


async def _sign_in_for(request: PageRequest) -> str:
    """The URL of the sign-in, which leads back to the page afterwards. A posted form is not sent
    again then, but shown with what was typed."""
    scope = request.scope
    if scope["method"] not in SAFE_METHODS:
        again = await keep_unsent(request)
        return SIGN_IN if again is None else f"{SIGN_IN}?next={quote(again, safe='')}"
    query = scope["query_string"].decode("latin-1")
    return f"{SIGN_IN}?next={quote(scope['path'] + (f'?{query}' if query else ''), safe='')}"


def _error_sender(request: PageRequest, send: Send) -> Callable[[KalendsError], Awaitable[None]]:
    async def show(error: KalendsError) -> None:
        with in_language(request.words_language):
            await send_answer_of(request, send, error_page(request, error))

    return show


async def send_error(scope: Scope, send: Send, error: KalendsError) -> None:
    """Sends an error for the middleware: as a page if one was requested, else as the API does."""
    show = scope.get("show_error")
    if show is not None:
        await show(error)
        return
    await send_answer(send, scope["method"], error_answer(error, scope["state"]["request_id"]))
