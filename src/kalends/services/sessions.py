"""Signing in and out, and who a signed-in user is."""

import hashlib
import secrets
import time
from datetime import timedelta
from typing import Final, NamedTuple
from uuid import UUID

from kalends.domain.access import ADMINS, Membership, User, hash_of
from kalends.domain.errors import Forbidden, NotFound, RateLimited, Unauthorized
from kalends.domain.ids import ORGANIZATION, shown
from kalends.services import work
from kalends.services.passwords import verify_password
from kalends.services.work import Caller, Context, Work
from kalends.store import sessions
from kalends.store.organizations import list_memberships
from kalends.store.rate_windows import add_to_windows
from kalends.store.users import find_user, find_user_by_id

# From the sign-in on, whether or not it is used: the cookie and the row end together.
SESSION_FOR: Final = timedelta(days=14)
TOKEN_BYTES: Final = 32
MINUTE: Final = 60
# Several people may share an address.
ADDRESS_FACTOR: Final = 3
REFUSED: Final = "This e-mail address and password do not belong together."


class Credentials(NamedTuple):
    """Who wants to sign in, and from which network address."""

    email: str
    password: str
    address: str


class Account(NamedTuple):
    """A user and what the user belongs to."""

    user: User
    memberships: list[Membership]


class SignedIn(NamedTuple):
    """A new session; the token is shown this once."""

    token: str
    account: Account


async def sign_in(
    context: Context, caller: Caller, given: Credentials, limit: int, replaced: str | None
) -> SignedIn:
    """A new session for the user. `replaced` is the token the browser came with; it ends.

    `limit` is how many attempts may fail in a minute for an account from one address (0 is
    without limit); an address has three times as many. It is exact over all processes. Nobody
    is locked out by attempts from elsewhere. Raises RateLimited, Unauthorized.
    """
    attempt = _Attempt(given, limit, int(time.time()))
    attempt.check(await work.change(context, caller, _count, attempt, by=1))
    known = await work.read(context, caller, _find_user, given.email)
    user, password_hash = known or (None, None)
    if not await verify_password(given.password, password_hash) or user is None:
        raise Unauthorized(REFUSED)
    await work.change(context, caller, _count, attempt, by=-1)
    token = secrets.token_urlsafe(TOKEN_BYTES)
    account = await work.change(context, caller, _begin, user, token, replaced)
    return SignedIn(token, account)


async def sign_out(work: Work, token: str | None) -> None:
    """Ends the session on the server: the cookie opens nothing any more."""
    if token is not None:
        await sessions.delete_session(work.tx, hash_of(token))


async def get_account(work: Work, user_id: UUID) -> Account:
    """Raises NotFound for a user that is gone."""
    user = await find_user_by_id(work.tx, user_id)
    if user is None:
        raise NotFound("This user does not exist any more.")
    return Account(user, await list_memberships(work.tx, user_id))


async def find_session_user(context: Context, token: str) -> User | None:
    """The user of a live session, by the token in its cookie."""
    async with context.database.connection() as tx:
        return await sessions.find_user_of_session(tx, hash_of(token), context.clock())


async def require_admin(context: Context, user_id: UUID, organization_id: UUID) -> Membership:
    """The user's membership of the organization, as an owner or admin.

    Raises NotFound for an organization of others (or none), Forbidden for a mere member.
    """
    async with context.database.connection() as tx:
        memberships = await list_memberships(tx, user_id)
    for membership in memberships:
        if membership.organization_id == organization_id:
            if membership.role not in ADMINS:
                raise Forbidden("This call needs an admin of the organization.")
            return membership
    named = shown(ORGANIZATION, organization_id)
    raise NotFound(f"There is no organization {named!r} that you belong to.")


class _Attempt:
    """One attempt to sign in, and the counts that it goes into."""

    def __init__(self, given: Credentials, limit: int, now: int) -> None:
        account = f"{given.email.lower()} {given.address}"
        self._limits = {
            _subject("account", account): limit,
            _subject("address", given.address): limit * ADDRESS_FACTOR,
        }
        self.is_limited = limit > 0
        self.window = now // MINUTE * MINUTE
        self._seconds_left = max(1, self.window + MINUTE - now)

    def hits(self, by: int) -> dict[str, int]:
        return dict.fromkeys(self._limits, by)

    def check(self, counts: dict[str, int]) -> None:
        """Raises RateLimited where there were more attempts than are allowed."""
        if any(count > self._limits[subject] for subject, count in counts.items()):
            seconds = self._seconds_left
            raise RateLimited(f"Too many attempts to sign in. Try again in {seconds} s.", seconds)


def _subject(kind: str, text: str) -> str:
    """A name in the table of counts, of which no address can be read."""
    return f"sign-in {kind} {hashlib.sha256(text.encode()).hexdigest()}"


async def _count(work: Work, attempt: _Attempt, by: int) -> dict[str, int]:
    """Counts the attempt (or takes it back) and returns the counts: one atomic statement."""
    if not attempt.is_limited:
        return {}
    return await add_to_windows(work.tx, attempt.window, attempt.hits(by))


async def _find_user(work: Work, email: str) -> tuple[User, str] | None:
    return await find_user(work.tx, email)


async def _begin(work: Work, user: User, token: str, replaced: str | None) -> Account:
    if replaced is not None:
        await sessions.delete_session(work.tx, hash_of(replaced))
    await sessions.forget_expired_sessions(work.tx, user.id, work.stamp)
    until = work.stamp + SESSION_FOR
    await sessions.insert_session(work.tx, hash_of(token), user.id, work.stamp, until)
    return Account(user, await list_memberships(work.tx, user.id))
