"""`/password-reset` and `/invitations`: setting a password by a link in a mail.

A GET changes nothing, since mail scanners follow links; only a POST does. Requests for a known mail
address and for an unknown one are answered in the same way.
"""

from collections.abc import Sequence
from typing import Any, Final

from kalends.domain.errors import Forbidden, Invalid, NotFound
from kalends.domain.values import Email
from kalends.runtime.passwords import LONGEST_PASSWORD, SHORTEST_PASSWORD
from kalends.services.users import invitations, password_resets
from kalends.services.users.invitations import Invited
from kalends.translation import gettext, gettext_lazy, ngettext
from kalends.web.http.sign_ins import token_in
from kalends.web.pages.answers import PageAnswer, redirect
from kalends.web.pages.endpoint import SIGN_IN
from kalends.web.pages.request import PageRequest
from kalends.web.pages.routes import open_route
from kalends.web.pages.safety import isolated
from kalends.web.pages.wording import filled

RESET: Final = "/password-reset"
CONSOLE: Final = "/console"
LINK_ENDED: Final = gettext_lazy("This link no longer works")


async def ask_for_reset(request: PageRequest) -> PageAnswer:
    if "sent" in request.query:
        texts = [
            gettext(
                "If somebody signs in here with that address, a link is on its way to "
                "it. It works for one hour, once."
            ),
            gettext(
                "Nothing there after some minutes? Look for it among unwanted mail, or "
                "try again with another address."
            ),
        ]
        return _message(request, gettext("Look into your mail"), texts)
    return request.page("accounts/ask.html", email="", wrong="")


async def send_reset(request: PageRequest) -> PageAnswer:
    """Mails a link to set a new password, if the address is a user's. Raises RateLimited."""
    typed = (await request.form()).text("email")
    try:
        email = Email.parse(typed)
    except ValueError:
        wrong = gettext("This is no e-mail address, such as john@example.com.")
        return request.page("accounts/ask.html", 422, email=typed, wrong=wrong)
    limit = request.page_context.sessions.sign_in_limit
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
    sign_in = {"url": SIGN_IN, "label": gettext("To the sign-in")}
    return _message(
        request,
        gettext("Your password is set"),
        [gettext("Please sign in with it. All sessions from before have ended.")],
        sign_in,
    )


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
    cookie = tuple(request.page_context.sessions.cookie(signed_in.token, request.scope).items())
    text = filled(gettext_lazy("You belong to {organization} now."), organization=_name(invited))
    console = {"url": CONSOLE, "label": gettext("To the console")}
    return _message(request, gettext("You are signed in"), [text], console, headers=cookie)


async def _choose_password(request: PageRequest, wrong: str = "") -> PageAnswer:
    try:
        link = await password_resets.get_reset(request.context, request.path("token"))
    except NotFound:
        return _reset_ended(request)
    return _form(
        request,
        wrong,
        title=gettext("Choose a new password"),
        lead=filled(
            gettext_lazy("For {email}. You will be signed out everywhere else."),
            email=isolated(link.email),
        ),
        save=gettext("Save the password"),
        email=link.email,
    )


async def _invitation(request: PageRequest, wrong: str = "") -> PageAnswer:
    try:
        invited = await invitations.get_invitation(request.context, request.path("token"))
    except NotFound:
        return _invitation_ended(request)
    name, email = _name(invited), isolated(invited.link.email)
    title = gettext("Welcome to {organization}", organization=invited.organization.name)
    if invited.link.has_password:
        text = filled(
            gettext_lazy(
                "You now belong to {organization}. You have a password here already: "
                "please sign in with it, as {email}."
            ),
            organization=name,
            email=email,
        )
        sign_in = {"url": SIGN_IN, "label": gettext("To the sign-in")}
        return _message(request, title, [text], sign_in)
    return _form(
        request,
        wrong,
        title=title,
        lead=filled(
            gettext_lazy("Choose a password for {email}. With both you sign in from now on."),
            email=email,
        ),
        save=gettext("Save and sign in"),
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
    again = {"url": RESET, "label": gettext("Send a new link")}
    text = gettext("It has been used, or has expired. A new one is quickly made.")
    return _message(request, str(LINK_ENDED), [text], again, status=404)


def _invitation_ended(request: PageRequest) -> PageAnswer:
    sign_in = {"url": SIGN_IN, "label": gettext("To the sign-in")}
    text = gettext(
        "It has been used, or has expired. Sign in if you have a password already; else ask the "
        "one who invited you for a new invitation."
    )
    return _message(request, str(LINK_ENDED), [text], sign_in, status=404)


def _message(
    request: PageRequest,
    title: str,
    texts: Sequence[str],
    button: dict[str, str] | None = None,
    **answer: Any,
) -> PageAnswer:
    return request.page("accounts/message.html", title=title, texts=texts, button=button, **answer)


def _wrong_length() -> str:
    return ngettext(
        "It must have {shortest} to {number} character.",
        "It must have {shortest} to {number} characters.",
        LONGEST_PASSWORD,
        shortest=SHORTEST_PASSWORD,
    )


def _name(invited: Invited) -> Any:
    return isolated(invited.organization.name)


PAGES: Final = (
    open_route("GET", RESET, ask_for_reset),
    open_route("POST", RESET, send_reset),
    open_route("GET", "/password-reset/{token}", choose_password, is_secret=True),
    open_route("POST", "/password-reset/{token}", reset_password, is_secret=True),
    open_route("GET", "/invitations/{token}", show_invitation, is_secret=True),
    open_route("POST", "/invitations/{token}", accept_invitation, is_secret=True),
)
