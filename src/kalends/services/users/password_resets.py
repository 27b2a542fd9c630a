"""Resetting a forgotten password.

Nothing here discloses whether an address is known: a request is only queued, with the same work for
every address, and a job looks the user up.
"""

from typing import Final

from kalends.domain.access import Membership, Mode, User, hash_of
from kalends.domain.account_link import AccountLink, Purpose
from kalends.domain.errors import NotFound
from kalends.runtime import unit_of_work
from kalends.runtime.attempt_limits import LimitedAttempt
from kalends.runtime.passwords import make_hash
from kalends.runtime.unit_of_work import Caller, Context, UnitOfWork
from kalends.services.users.links import LINK_ENDED, get_link, send_link
from kalends.store.accounts import links, organizations, sign_in_sessions, users

RESET_JOB: Final = "password reset"
ACTOR: Final = "kalends"
# A user has at most so many open links, so that repeated requests cannot flood the mailbox.
MOST_RESETS: Final = 5


async def request_reset(
    context: Context, caller: Caller, email: str, address: str, limit: int
) -> None:
    """Queues a link to the address, if a user has it. Raises RateLimited.

    `limit` is how many requests a minute there may be for an address from one network address.
    """
    attempt = LimitedAttempt("a new password", email, address, limit)
    attempt.check(await unit_of_work.change(context, caller, attempt.count, by=1))
    await unit_of_work.change(context, caller, _note_reset, email)


async def send_reset(context: Context, payload: bytes) -> None:
    """The job: mails the link, from the mailbox of the user's first organization."""
    email = payload.decode()
    async with context.database.connection() as tx:
        account = await users.find_user(tx, email)
        memberships = await organizations.list_memberships(tx, account[0].id) if account else []
    live = [membership for membership in memberships if membership.mode is Mode.LIVE]
    if account and live:
        await unit_of_work.change(context, _kalends_in(live[0]), _send_reset, account[0])


async def get_reset(context: Context, token: str) -> AccountLink:
    """The link, with the user whose password it sets. Changes nothing. Raises NotFound."""
    return await get_link(context, token, Purpose.PASSWORD_RESET)


async def reset_password(context: Context, caller: Caller, token: str, password: str) -> None:
    """Sets the password, and ends all sign-in sessions of the user. This uses up the link.

    Raises NotFound, Invalid.
    """
    await get_reset(context, token)
    password_hash = await make_hash(password)
    await unit_of_work.change(context, caller, _reset, token, password_hash)


async def _note_reset(work: UnitOfWork, email: str) -> None:
    await work.enqueue_job(RESET_JOB, email.encode())


async def _send_reset(work: UnitOfWork, user: User) -> None:
    organization = await organizations.find_organization(work.tenant)
    open_ = await links.count_links(work.tx, user.id, Purpose.PASSWORD_RESET, work.recorded_at)
    if organization is not None and open_ < MOST_RESETS:
        await send_link(work, organization, user, Purpose.PASSWORD_RESET)


async def _reset(work: UnitOfWork, token: str, password_hash: str) -> None:
    user_id = await links.take_link(
        work.tx, hash_of(token), Purpose.PASSWORD_RESET, work.recorded_at
    )
    if user_id is None:
        raise NotFound(LINK_ENDED)
    # The password first: this waits for sign-ins in progress, so their sessions end here, too.
    await users.set_password(work.tx, user_id, password_hash)
    await sign_in_sessions.delete_sign_in_sessions_of(work.tx, user_id)
    await links.delete_links(work.tx, user_id, Purpose.PASSWORD_RESET)


def _kalends_in(membership: Membership) -> Caller:
    return Caller(membership.organization_id, membership.mode, ACTOR, source=ACTOR)
