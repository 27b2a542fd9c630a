"""Accounts by link: a new password for who forgot it, and inviting users.

Nothing here tells whether an address is known: what is asked for is only noted, with the same
work for every address, and a job finds out. A token is kept as its SHA-256 alone.
"""

import secrets
from typing import Final

from msgspec import Struct

from kalends.domain.access import Membership, Mode, Organization, Role, User, hash_of
from kalends.domain.account_link import LASTS, AccountLink, Purpose
from kalends.domain.errors import Forbidden, NotFound
from kalends.domain.gateways import link_to
from kalends.domain.ids import MAIL, ORGANIZATION, encode_id, new_id
from kalends.domain.mail import MailKind
from kalends.formats.mails.accounts import AccountMail, AccountMailKind, account_message
from kalends.runtime import unit_of_work
from kalends.runtime.attempt_limits import LimitedAttempt
from kalends.runtime.passwords import make_hash
from kalends.runtime.phones import country_of
from kalends.runtime.unit_of_work import Caller, Context, UnitOfWork, require
from kalends.services.mailing import post_message
from kalends.services.sessions import SignedIn, begin_session
from kalends.store.accounts import links, organizations, sign_in_sessions, users
from kalends.store.database import TenantConnection

RESET_JOB: Final = "password reset"
ACTOR: Final = "kalends"
ACCOUNT_TOKEN_BYTES: Final = 32
# So many open links a user has at most: whoever asks for more finds one in the mailbox, and nobody
# fills that by asking.
MOST_RESETS: Final = 5
ENDED: Final = "This link has been used, or has expired. Please ask for a new one."
KINDS: Final = {
    Purpose.PASSWORD_RESET: (AccountMailKind.PASSWORD_RESET, MailKind.PASSWORD_RESET),
    Purpose.INVITATION: (AccountMailKind.INVITATION, MailKind.USER_INVITATION),
}


class Invited(Struct, frozen=True):
    """An invitation as its link shows it."""

    organization: Organization
    link: AccountLink


async def ask_for_reset(
    context: Context, caller: Caller, email: str, address: str, limit: int
) -> None:
    """Has a link sent to the address, if a user has it. Raises RateLimited.

    `limit` is how often that may be asked in a minute for an address from one network address.
    """
    attempt = LimitedAttempt("a new password", email, address, limit)
    attempt.check(await unit_of_work.change(context, caller, attempt.count, by=1))
    await unit_of_work.change(context, caller, _note_reset, email)


async def send_reset(context: Context, payload: bytes) -> None:
    """The job: sends the link, from the mailbox of the user's first organization."""
    email = payload.decode()
    async with context.database.connection() as tx:
        known = await users.find_user(tx, email)
        memberships = await organizations.list_memberships(tx, known[0].id) if known else []
    live = [membership for membership in memberships if membership.mode is Mode.LIVE]
    if known and live:
        await unit_of_work.change(context, _kalends_in(live[0]), _send_reset, known[0])


async def find_reset(context: Context, token: str) -> AccountLink:
    """The user whose password the link sets. Changes nothing. Raises NotFound."""
    return await _find(context, token, Purpose.PASSWORD_RESET)


async def reset_password(context: Context, caller: Caller, token: str, password: str) -> None:
    """Sets the password, and ends all sessions of the user. The link is used up by it.

    Raises NotFound, Invalid.
    """
    await find_reset(context, token)
    password_hash = await make_hash(password)
    await unit_of_work.change(context, caller, _reset, token, password_hash)


async def invite_user(
    work: UnitOfWork, email: str, role: Role, invited_by: str | None = None
) -> bool:
    """Gives someone that role in the organization and its sandbox, and sends a link that sets the
    first password; whether the user is new here. A password that there is stays as it is.

    Raises NotFound.
    """
    await organizations.lock_setup(work.tx)
    organization = require(
        await organizations.find_organization(work.tenant),
        "organization",
        encode_id(ORGANIZATION, work.organization_id),
    )
    known = await users.find_user(work.tx, email)
    user = known[0] if known else User(id=new_id(), email=email, created_at=work.recorded_at)
    if known is None:
        await users.insert_user(work.tx, user, None)
    for id_ in filter(None, (organization.id, organization.twin_id)):
        await organizations.add_member(TenantConnection(id_, work.tx), user.id, role)
    await _send_link(work, organization, user, Purpose.INVITATION, invited_by)
    return known is None


async def find_invitation(context: Context, token: str) -> Invited:
    """The invitation behind the link. Changes nothing. Raises NotFound."""
    link = await _find(context, token, Purpose.INVITATION)
    assert link.organization_id is not None
    async with context.database.tenant_connection(link.organization_id) as tenant:
        organization = await organizations.find_organization(tenant)
    if organization is None:
        raise NotFound(ENDED)
    return Invited(organization, link)


async def accept_invitation(
    context: Context, caller: Caller, token: str, password: str, replaced: str | None
) -> SignedIn:
    """Sets the user's first password and signs the user in. The link is used up by it. `replaced`
    is the session that the browser came with.

    Raises NotFound, Invalid, and Forbidden for a user who has a password.
    """
    await find_invitation(context, token)
    password_hash = await make_hash(password)
    return await unit_of_work.change(context, caller, _accept, token, password_hash, replaced)


async def _note_reset(work: UnitOfWork, email: str) -> None:
    await work.start(RESET_JOB, email.encode())


async def _send_reset(work: UnitOfWork, user: User) -> None:
    organization = await organizations.find_organization(work.tenant)
    open_ = await links.count_links(work.tx, user.id, Purpose.PASSWORD_RESET, work.recorded_at)
    if organization is not None and open_ < MOST_RESETS:
        await _send_link(work, organization, user, Purpose.PASSWORD_RESET)


async def _reset(work: UnitOfWork, token: str, password_hash: str) -> None:
    user_id = await links.take_link(
        work.tx, hash_of(token), Purpose.PASSWORD_RESET, work.recorded_at
    )
    if user_id is None:
        raise NotFound(ENDED)
    # The password first: it waits for sign-ins under way, whose sessions then end with the others.
    await users.set_password(work.tx, user_id, password_hash)
    await sign_in_sessions.delete_sessions(work.tx, user_id)
    await links.delete_links(work.tx, user_id, Purpose.PASSWORD_RESET)


async def _accept(
    work: UnitOfWork, token: str, password_hash: str, replaced: str | None
) -> SignedIn:
    user_id = await links.take_link(work.tx, hash_of(token), Purpose.INVITATION, work.recorded_at)
    if user_id is None:
        raise NotFound(ENDED)
    user = await users.set_first_password(work.tx, user_id, password_hash)
    if user is None:
        raise Forbidden("You have a password here already. Please sign in with it.")
    return await begin_session(work, user, replaced)


async def _send_link(
    work: UnitOfWork,
    organization: Organization,
    user: User,
    purpose: Purpose,
    invited_by: str | None = None,
) -> None:
    """Makes a link and mails it, from the organization's mailbox, if this commits."""
    token, expires_at = (
        secrets.token_urlsafe(ACCOUNT_TOKEN_BYTES),
        work.recorded_at + LASTS[purpose],
    )
    of_organization = organization.id if purpose is Purpose.INVITATION else None
    await links.insert_link(
        work.tx, hash_of(token), user.id, purpose, of_organization, (work.recorded_at, expires_at)
    )
    gateways = work.context.gateways
    path = "invitations" if purpose is Purpose.INVITATION else "password-reset"
    kind, mail_kind = KINDS[purpose]
    message = account_message(
        AccountMail(
            kind=kind,
            message_id=f"<{encode_id(MAIL, new_id())}@{gateways.sender.rpartition('@')[2]}>",
            recipient=user.email,
            sender=gateways.sender,
            organization_name=organization.name,
            link=link_to(gateways, f"/{path}/{token}"),
            expires_at=expires_at,
            happened_at=work.recorded_at,
            zone=organization.timezone,
            country=country_of(organization),
            invited_by=invited_by,
        )
    )
    await post_message(work, organization.id, mail_kind, user.email, message)


async def _find(context: Context, token: str, purpose: Purpose) -> AccountLink:
    async with context.database.connection() as tx:
        link = await links.find_link(tx, hash_of(token), purpose, context.clock())
    if link is None:
        raise NotFound(ENDED)
    return link


def _kalends_in(membership: Membership) -> Caller:
    return Caller(membership.organization_id, membership.mode, ACTOR, source=ACTOR)
