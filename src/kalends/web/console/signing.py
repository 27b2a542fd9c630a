"""Signing in and out, and choosing an organization."""

import re
from typing import Final

from kalends.domain.access import Membership, Mode
from kalends.domain.errors import RateLimited, Unauthorized
from kalends.domain.rights import Right
from kalends.domain.values import is_email
from kalends.services.agenda import Choices, list_choices
from kalends.services.users import sign_in_sessions
from kalends.services.users.sign_in_sessions import Credentials
from kalends.translation import gettext, gettext_lazy, ngettext
from kalends.web.console import welcome
from kalends.web.console.request import ConsoleRequest, console_route, get_account
from kalends.web.http.errors import error_headers
from kalends.web.http.routes import Access
from kalends.web.http.sign_ins import token_in
from kalends.web.pages.answers import PageAnswer, redirect
from kalends.web.pages.endpoint import SIGN_IN
from kalends.web.pages.request import PageRequest
from kalends.web.pages.routes import PageRoute
from kalends.web.pages.unsent import UNSENT

CONSOLE: Final = "/console"
WRONG: Final = gettext_lazy(
    "This e-mail address and password do not belong together. Please check both."
)
LONGEST_TYPED_PASSWORD: Final = 1000
# A path of the console, and nothing that a browser would read as a different one: no segment that
# is empty or has only dots, and no percent-encoding, which could hide dots and slashes.
_NEXT: Final = re.compile(
    r"/console(?:/(?!\.+(?:[/?]|$))[A-Za-z0-9\-._~]+)*(?:\?[A-Za-z0-9\-._~%!$&'()*+,;=:@/?]*)?"
)


async def enter_from_root(_: PageRequest) -> PageAnswer:
    """Redirects `/` to the console: it is no booking page, so it is staff who open it."""
    return redirect(CONSOLE)


async def show_sign_in(request: PageRequest) -> PageAnswer:
    token = token_in(request.headers)
    if token and await sign_in_sessions.find_signed_in_user(request.context, token):
        return redirect(_next_in(request))
    return _form(request, note=_note_in(request))


async def sign_in(request: PageRequest) -> PageAnswer:
    """Signs in, under the same rate limit as the API's sign-in; the form shows a refusal."""
    form = await request.form()
    email, password = form.text("email"), form.get("password", "")
    if not is_email(email) or not 0 < len(password) <= LONGEST_TYPED_PASSWORD:
        return _form(request, 401, email=email, wrong=str(WRONG))
    credentials = Credentials(email, password, request.address)
    limit, before = request.page_context.sessions.sign_in_limit, token_in(request.headers)
    try:
        session = await sign_in_sessions.sign_in(
            request.context, request.caller, credentials, limit, before
        )
    except Unauthorized:
        return _form(request, 401, email=email, wrong=str(WRONG))
    except RateLimited as error:
        wait = ngettext(
            "There were too many attempts from your connection. Please try again in "
            "{number} second.",
            "There were too many attempts from your connection. Please try again in "
            "{number} seconds.",
            error.retry_after,
        )
        headers = tuple(error_headers(error).items())
        return _form(request, 429, email=email, wrong=wait, headers=headers)
    cookie = request.page_context.sessions.cookie(session.token, request.scope)
    return redirect(_next_in(request), *cookie.items())


async def sign_out(request: PageRequest) -> PageAnswer:
    """Ends the session on the server, and deletes its cookie."""
    await request.form()
    await request.change(sign_in_sessions.sign_out, token_in(request.headers))
    return redirect(
        f"{SIGN_IN}?out=1", *request.page_context.sessions.no_cookie(request.scope).items()
    )


async def choose_organization(request: PageRequest) -> PageAnswer:
    """Lists the user's organizations; if only one of them is live, it redirects there."""
    account = await get_account(request)
    live = [one for one in account.memberships if one.mode is Mode.LIVE]
    if len(live) == 1:
        return redirect(_home_of(live[0]))
    return request.page("console/choose.html", account=account, home_of=_home_of)


async def enter(request: ConsoleRequest) -> PageAnswer:
    """Redirects to the calendar, or, for an admin of an organization in which nothing can be booked
    yet, to the first-run steps."""
    choices: Choices = await request.read(list_choices)
    return request.go(welcome.PATH if welcome.needs_welcome(request, choices) else "/calendar")


def _home_of(membership: Membership) -> str:
    return f"{CONSOLE}/{membership.slug}"


def _form(
    request: PageRequest, status: int = 200, **values: str | tuple[tuple[str, str], ...]
) -> PageAnswer:
    headers = values.pop("headers", ())
    assert isinstance(headers, tuple)
    fields = {"email": "", "wrong": "", "note": "", "to": request.query.get("next", "")} | values
    return request.page("console/sign-in.html", status, headers, **fields)


def _note_in(request: PageRequest) -> str:
    if "out" in request.query:
        return gettext("You are signed out.")
    if f"{UNSENT}=" in request.query.get("next", ""):
        return gettext("You had been signed out. Sign in to find what you typed again.")
    return ""


def _next_in(request: PageRequest) -> str:
    next_path = request.query.get("next", "")
    return next_path if _NEXT.fullmatch(next_path) else CONSOLE


PAGES: Final = (
    PageRoute(method="GET", path="/", handler=enter_from_root, access=Access.OPEN),
    PageRoute(method="GET", path=SIGN_IN, handler=show_sign_in, access=Access.OPEN),
    PageRoute(method="POST", path=SIGN_IN, handler=sign_in, access=Access.OPEN),
    PageRoute(method="POST", path="/console/sign-out", handler=sign_out, access=Right.OWN_ACCOUNT),
    PageRoute(method="GET", path=CONSOLE, handler=choose_organization, access=Right.OWN_ACCOUNT),
    console_route(Right.SEE_BOOKINGS, "GET", "", enter),
)
