"""`/api/auth`: signing in and out, and who is signed in."""

from typing import Annotated, Final

from msgspec import UNSET, Meta, Struct, UnsetType

from kalends.domain.language_tags import LanguageTag
from kalends.domain.rights import Right
from kalends.domain.values import Email
from kalends.formats.access import AccountBody, show_account
from kalends.formats.described import about
from kalends.runtime.idempotency import HttpAnswer
from kalends.services.users import accounts, sign_in_sessions
from kalends.services.users.accounts import AccountChanges
from kalends.services.users.sign_in_sessions import Credentials, UserAccount
from kalends.web.api.models import ZoneName, check_zone
from kalends.web.http.answers import DataOf, data, with_headers
from kalends.web.http.call import Call
from kalends.web.http.request_models import RequestModel
from kalends.web.http.routes import Access, Resource, Route, Scopes
from kalends.web.http.sign_ins import address_of, token_in


class Login(RequestModel, frozen=True):
    email: Email
    password: Annotated[str, Meta(min_length=1, max_length=1000)]


class UpdateAccount(RequestModel, frozen=True):
    """What is left out stays as it is; null clears."""

    locale: Annotated[
        LanguageTag | UnsetType | None,
        about("The language (BCP 47) that the user reads; null is the organization's."),
    ] = UNSET
    timezone: Annotated[
        ZoneName | UnsetType | None,
        about(
            "The time zone (IANA) of the user's days and of the agenda; null is that of the "
            "user's first schedule, else the organization's."
        ),
    ] = UNSET


class SignedOut(Struct, frozen=True):
    signed_out: bool = True


async def login(call: Call) -> HttpAnswer:
    """Sign in

    Answers with the user and sets the cookie `kalends_session` (HttpOnly, SameSite=Lax, Secure
    under https) with a new session, which ends 14 days later or at sign-out. Ten attempts a
    minute may fail for one account from one address, and thirty from one address in all; after
    that the answer is 429, for that address only.
    """
    body = await call.body(Login)
    credentials = Credentials(body.email, body.password, address_of(call.scope))
    signed_in = await sign_in_sessions.sign_in(
        call.context, call.caller, credentials, call.sessions.sign_in_limit, token_in(call.headers)
    )
    return with_headers(
        account_response(signed_in.account), call.sessions.cookie(signed_in.token, call.scope)
    )


async def logout(call: Call) -> HttpAnswer:
    """Sign out

    Ends the session on the server and deletes the cookie.
    """
    answer = await call.change(
        signed_out_response, sign_in_sessions.sign_out, token_in(call.headers)
    )
    return with_headers(answer, call.sessions.no_cookie(call.scope))


async def me(call: Call) -> HttpAnswer:
    """Get who is signed in

    The user, with the role in each organization and sandbox.
    """
    return account_response(await call.read(sign_in_sessions.get_account, call.user_id))


async def update_me(call: Call) -> HttpAnswer:
    """Choose language and time zone of the signed-in user

    The console and mails to the user are in this language, and mails show times in this time
    zone.
    """
    body = await call.body(UpdateAccount)
    if body.timezone is not UNSET and body.timezone is not None:
        check_zone("timezone", body.timezone)
    changes = AccountChanges(locale=body.locale, timezone=body.timezone)
    return await call.change(account_response, accounts.update_account, call.user_id, changes)


def account_response(account: UserAccount) -> HttpAnswer:
    return data(show_account(account.user, account.memberships))


def signed_out_response(_: None) -> HttpAnswer:
    return data(SignedOut())


_call = Resource("Sessions", "/api/auth", Scopes(Right.OWN_ACCOUNT, Right.OWN_ACCOUNT))

ROUTES: Final[tuple[Route, ...]] = (
    _call(
        "POST /login",
        login,
        {200: DataOf[AccountBody]},
        access=Access.OPEN,
        body=Login,
        errors=("RATE_LIMITED",),
    ),
    _call("POST /logout", logout, {200: DataOf[SignedOut]}),
    _call("GET /me", me, {200: DataOf[AccountBody]}),
    _call("PATCH /me", update_me, {200: DataOf[AccountBody]}, body=UpdateAccount),
)
