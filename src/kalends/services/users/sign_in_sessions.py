"""Signing in and out, and finding the user behind a sign-in session."""

import secrets
from datetime import timedelta
from typing import Final, NamedTuple
from uuid import UUID

from kalends.domain.access import Membership, Role, User, hash_of
from kalends.domain.errors import Forbidden, NotFound, Unauthorized
from kalends.domain.ids import ORGANIZATION, encode_id
from kalends.domain.rights import RIGHTS, Reach, Right
from kalends.runtime import unit_of_work
from kalends.runtime.attempt_limits import LimitedAttempt
from kalends.runtime.passwords import verify_password
from kalends.runtime.unit_of_work import Caller, Context, UnitOfWork
from kalends.store.accounts import sign_in_sessions
from kalends.store.accounts.organizations import list_memberships
from kalends.store.accounts.users import find_user, find_user_by_id, keep_password

# Counted from the sign-in, whether or not the session is used; the cookie ends with the row.
SESSION_FOR: Final = timedelta(days=14)
SESSION_TOKEN_BYTES: Final = 32
REFUSED: Final = "This e-mail address and password do not belong together."


class Credentials(NamedTuple):
    """What somebody signs in with, and the network address that it comes from."""

    email: str
    password: str
    address: str


class UserAccount(NamedTuple):
    """A user with all memberships."""

    user: User
    memberships: list[Membership]


class SignedIn(NamedTuple):
    """A new sign-in session with its token, of which only the hash is stored."""

    token: str
    account: UserAccount


async def sign_in(
    context: Context, caller: Caller, credentials: Credentials, limit: int, replaced: str | None
) -> SignedIn:
    """Begins a session for the user. `replaced` is the token of the session that the browser had;
    it ends.

    `limit` is how many attempts a minute may fail for an account from one network address. Raises
    RateLimited, Unauthorized.
    """
    attempt = LimitedAttempt("signing in", credentials.email, credentials.address, limit)
    attempt.check(await unit_of_work.change(context, caller, attempt.count, by=1))
    account = await unit_of_work.read(context, caller, _find_user, credentials.email)
    user, password_hash = account or (None, None)
    if not await verify_password(credentials.password, password_hash) or user is None:
        raise Unauthorized(REFUSED)
    await unit_of_work.change(context, caller, attempt.count, by=-1)
    return await unit_of_work.change(context, caller, _sign_in, user, password_hash, replaced)


async def sign_out(work: UnitOfWork, token: str | None) -> None:
    """Deletes the session, so that its cookie is of no use any more."""
    if token is not None:
        await sign_in_sessions.delete_sign_in_session(work.tx, hash_of(token))


async def get_account(work: UnitOfWork, user_id: UUID) -> UserAccount:
    """The user and the memberships. Raises NotFound if the user has been deleted."""
    user = await find_user_by_id(work.tx, user_id)
    if user is None:
        raise NotFound("This user does not exist any more.")
    return UserAccount(user, await list_memberships(work.tx, user_id))


async def find_signed_in_user(context: Context, token: str) -> User | None:
    """The user of a live session, by the token in its cookie; else None."""
    async with context.database.connection() as tx:
        return await sign_in_sessions.find_signed_in_user(tx, hash_of(token), context.clock())


async def require_admin(context: Context, user_id: UUID, organization_id: UUID) -> Membership:
    """The user's membership of the organization, if the role may change its settings.

    Raises NotFound for an organization to which the user does not belong, and for staff; Forbidden
    for a member.
    """
    async with context.database.connection() as tx:
        memberships = await list_memberships(tx, user_id)
    for membership in memberships:
        if membership.organization_id == organization_id:
            if RIGHTS[Right.CHANGE_SETTINGS][membership.role] is Reach.ALL:
                return membership
            if membership.role is not Role.STAFF:
                raise Forbidden("This call needs an admin of the organization.")
    named = encode_id(ORGANIZATION, organization_id)
    raise NotFound(f"There is no organization {named!r} that you belong to.")


async def begin_sign_in_session(work: UnitOfWork, user: User, replaced: str | None) -> SignedIn:
    """Begins a session for a user who has been authenticated. `replaced` ends, as in `sign_in`."""
    if replaced is not None:
        await sign_in_sessions.delete_sign_in_session(work.tx, hash_of(replaced))
    await sign_in_sessions.delete_expired_sign_in_sessions(work.tx, user.id, work.recorded_at)
    token = secrets.token_urlsafe(SESSION_TOKEN_BYTES)
    expires_at = work.recorded_at + SESSION_FOR
    await sign_in_sessions.insert_sign_in_session(
        work.tx, hash_of(token), user.id, work.recorded_at, expires_at
    )
    return SignedIn(token, UserAccount(user, await list_memberships(work.tx, user.id)))


async def _find_user(work: UnitOfWork, email: str) -> tuple[User, str | None] | None:
    return await find_user(work.tx, email)


async def _sign_in(
    work: UnitOfWork, user: User, password_hash: str | None, replaced: str | None
) -> SignedIn:
    """Begins the session. Raises Unauthorized if the password has changed since it was verified:
    changing it ends all sessions, and none may begin after that."""
    if not await keep_password(work.tx, user.id, password_hash):
        raise Unauthorized(REFUSED)
    return await begin_sign_in_session(work, user, replaced)
