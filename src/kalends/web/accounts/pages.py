"""`/password-reset` and `/invitations`: setting a password by a link in a mail.

A GET only shows, since mail scanners follow links; it takes a POST to change something. What is
asked for a known address and for an unknown one is answered the same.
"""

from collections.abc import Sequence
from typing import Any, Final

from kalends.domain.errors import Forbidden, Invalid, NotFound
from kalends.domain.values import Email
from kalends.runtime.passwords import LONGEST_PASSWORD, SHORTEST_PASSWORD
from kalends.services.users import invitations, password_resets
from kalends.services.users.invitations import Invited
from kalends.web.http.routes import Access
from kalends.web.http.sign_ins import token_in
from kalends.web.pages.answers import PageAnswer, redirect
from kalends.web.pages.endpoint import SIGN_IN
from kalends.web.pages.request import PageRequest
from kalends.web.pages.routes import PageRoute
from kalends.web.pages.safety import isolated
from kalends.web.pages.words import say, say_in_page

RESET: Final = "/password-reset"
CONSOLE: Final = "/console"


async def ask_for_reset(request: PageRequest) -> PageAnswer:
    if "sent" in request.query:
        texts = [say("reset.sent.text"), say("reset.sent.again")]
        return _message(request, say("reset.sent.title"), texts)
    return request.page("accounts/ask.html", email="", wrong="")


async def send_reset(request: PageRequest) -> PageAnswer:
    """Raises RateLimited."""
    given = (await request.form()).text("email")
    try:
        email = Email.parse(given)
    except ValueError:
        wrong = say("reset.ask.wrong")
        return request.page("accounts/ask.html", 422, email=given, wrong=wrong)
    limit = request.gate.sessions.sign_in_limit
    await password_resets.request_reset(
        request.context, request.caller, str(email), request.address, limit
    )
    return redirect(f"{RESET}?sent=1")


async def choose_password(request: PageRequest) -> PageAnswer:
    return await _choose_password(request)


async def reset_password(request: PageRequest) -> PageAnswer:
    token, password = request.path("token"), (await request.form()).get("password", "")
    try:
        await password_resets.reset_password(request.context, request.caller, token, password)
    except NotFound:
        return _reset_ended(request)
    except Invalid:
        return await _choose_password(request, _wrong_length())
    sign_in = {"url": SIGN_IN, "label": say("account.sign_in")}
    return _message(request, say("reset.done.title"), [say("reset.done.text")], sign_in)


async def show_invitation(request: PageRequest) -> PageAnswer:
    return await _invitation(request)


async def accept_invitation(request: PageRequest) -> PageAnswer:
    token, password = request.path("token"), (await request.form()).get("password", "")
    try:
        invited = await invitations.get_invitation(request.context, token)
        signed_in = await invitations.accept_invitation(
            request.context, request.caller, token, password, token_in(request.headers)
        )
    except NotFound:
        return _invitation_ended(request)
    except Invalid:
        return await _invitation(request, _wrong_length())
    except Forbidden:
        return await _invitation(request)
    cookie = tuple(request.gate.sessions.cookie(signed_in.token, request.scope).items())
    text = say_in_page("invitation.done.text", organization=_name(invited))
    console = {"url": CONSOLE, "label": say("invitation.done.go")}
    return _message(request, say("invitation.done.title"), [text], console, headers=cookie)


async def _choose_password(request: PageRequest, wrong: str = "") -> PageAnswer:
    try:
        link = await password_resets.get_reset(request.context, request.path("token"))
    except NotFound:
        return _reset_ended(request)
    return _form(
        request,
        wrong,
        title=say("reset.title"),
        lead=say_in_page("reset.set.lead", email=isolated(link.email)),
        save=say("reset.set.save"),
        email=link.email,
    )


async def _invitation(request: PageRequest, wrong: str = "") -> PageAnswer:
    try:
        invited = await invitations.get_invitation(request.context, request.path("token"))
    except NotFound:
        return _invitation_ended(request)
    name, email = _name(invited), isolated(invited.link.email)
    title = say("invitation.title", organization=invited.organization.name)
    if invited.link.has_password:
        text = say_in_page("invitation.known", organization=name, email=email)
        sign_in = {"url": SIGN_IN, "label": say("account.sign_in")}
        return _message(request, title, [text], sign_in)
    return _form(
        request,
        wrong,
        title=title,
        lead=say_in_page("invitation.lead", email=email),
        save=say("invitation.accept"),
        email=invited.link.email,
    )


def _form(request: PageRequest, wrong: str, **values: Any) -> PageAnswer:
    return request.page(
        "accounts/choose.html",
        422 if wrong else 200,
        wrong=wrong,
        shortest=SHORTEST_PASSWORD,
        longest=LONGEST_PASSWORD,
        **values,
    )


def _reset_ended(request: PageRequest) -> PageAnswer:
    again = {"url": RESET, "label": say("account.ended.again")}
    title, text = say("account.ended.title"), say("account.ended.text")
    return _message(request, title, [text], again, status=404)


def _invitation_ended(request: PageRequest) -> PageAnswer:
    sign_in = {"url": SIGN_IN, "label": say("account.sign_in")}
    title, text = say("account.ended.title"), say("account.ended.invitation")
    return _message(request, title, [text], sign_in, status=404)


def _message(
    request: PageRequest,
    title: str,
    texts: Sequence[str],
    button: dict[str, str] | None = None,
    **answer: Any,
) -> PageAnswer:
    return request.page("accounts/message.html", title=title, texts=texts, button=button, **answer)


def _wrong_length() -> str:
    return say("account.password.wrong", shortest=SHORTEST_PASSWORD, longest=LONGEST_PASSWORD)


def _name(invited: Invited) -> Any:
    return isolated(invited.organization.name)


PAGES: Final = (
    PageRoute(method="GET", path=RESET, handler=ask_for_reset, access=Access.OPEN),
    PageRoute(method="POST", path=RESET, handler=send_reset, access=Access.OPEN),
    PageRoute(
        method="GET",
        path="/password-reset/{token}",
        handler=choose_password,
        access=Access.OPEN,
        is_secret=True,
    ),
    PageRoute(
        method="POST",
        path="/password-reset/{token}",
        handler=reset_password,
        access=Access.OPEN,
        is_secret=True,
    ),
    PageRoute(
        method="GET",
        path="/invitations/{token}",
        handler=show_invitation,
        access=Access.OPEN,
        is_secret=True,
    ),
    PageRoute(
        method="POST",
        path="/invitations/{token}",
        handler=accept_invitation,
        access=Access.OPEN,
        is_secret=True,
    ),
)
