"""`/api/auth`: signing in and out, and who is signed in."""

from typing import Annotated, Final

from msgspec import Meta, Struct

from kalends.domain.values import Email
from kalends.formats.access import AccountBody, show_account
from kalends.runtime.idempotency import HttpAnswer
from kalends.services.users import sign_in_sessions
from kalends.services.users.sign_in_sessions import Credentials, UserAccount
from kalends.web.api.models import RequestModel
from kalends.web.http.answers import DataOf, data, with_headers
from kalends.web.http.call import Call
from kalends.web.http.routes import Access, Resource, Route, Scopes
from kalends.web.http.sign_ins import address_of, token_in


class Login(RequestModel, frozen=True):
    email: Email
    password: Annotated[str, Meta(min_length=1, max_length=1000)]


class SignedOut(Struct, frozen=True):
    signed_out: bool = True


async def login(call: Call) -> HttpAnswer:
    """Sign in

    Answers the user and sets the cookie `kalends_session` (HttpOnly, SameSite=Lax, Secure under
    https) with a new session, which ends 14 days later or at sign-out. In a minute ten attempts may
    fail for an account from one address, and thirty from one address; then 429, from that address
    alone.
    """
    body = await call.body(Login)
    given = Credentials(body.email, body.password, address_of(call.scope))
    signed_in = await sign_in_sessions.sign_in(
        call.context, call.caller, given, call.sessions.sign_in_limit, token_in(call.headers)
    )
    return with_headers(
        account_response(signed_in.account), call.sessions.cookie(signed_in.token, call.scope)
    )


async def logout(call: Call) -> HttpAnswer:
    """Sign out

    Ends the session on the server and takes the cookie back.
    """
    answer = await call.change(
        signed_out_response, sign_in_sessions.sign_out, token_in(call.headers)
    )
    return with_headers(answer, call.sessions.no_cookie(call.scope))


async def me(call: Call) -> HttpAnswer:
    """Who is signed in

    The user, and the role in each organization and sandbox.
    """
    return account_response(await call.read(sign_in_sessions.get_account, call.user_id))


def account_response(account: UserAccount) -> HttpAnswer:
    return data(show_account(account.user, account.memberships))


def signed_out_response(_: None) -> HttpAnswer:
    return data(SignedOut())


_call = Resource(tag="Sessions", path="/api/auth", scopes=Scopes(Access.SESSION, Access.SESSION))

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
)
