"""Inviting users to an organization, and accepting an invitation."""

from uuid import UUID

from msgspec import Struct

from kalends.domain.access import Mode, Organization, Role, User, hash_of
from kalends.domain.account_link import AccountLink, Purpose
from kalends.domain.errors import Forbidden, NotFound
from kalends.domain.ids import ORGANIZATION, new_id
from kalends.runtime import unit_of_work
from kalends.runtime.passwords import make_hash
from kalends.runtime.unit_of_work import Caller, Context, UnitOfWork, require
from kalends.services.users.links import LINK_ENDED, get_link, send_link
from kalends.services.users.sign_in_sessions import SignedIn, begin_sign_in_session
from kalends.store.accounts import links, organizations, users
from kalends.store.database import TenantConnection


class Invited(Struct, frozen=True):
    """An invitation as its link shows it."""

    organization: Organization
    link: AccountLink


async def invite_user(
    work: UnitOfWork, email: str, role: Role, invited_by: str | None = None
) -> bool:
    """Gives somebody that role in the organization and its sandbox, and mails a link that sets the
    first password. Returns whether the user is new to the installation. An existing password stays.

    Raises NotFound.
    """
    await organizations.lock_setup(work.tx)
    organization = require(
        await organizations.find_organization(work.tenant),
        ORGANIZATION,
        work.organization_id,
    )
    account = await users.find_user(work.tx, email)
    user = account[0] if account else User(id=new_id(), email=email, created_at=work.recorded_at)
    if account is None:
        await users.insert_user(work.tx, user, None)
    for id_ in organizations_meant(work, organization):
        await organizations.add_member(TenantConnection(id_, work.tx), user.id, role)
    await send_link(work, organization, user, Purpose.INVITATION, invited_by)
    return account is None


def organizations_meant(work: UnitOfWork, organization: Organization) -> list[UUID]:
    """The organizations in which a role is given or taken: the organization and its sandbox. A
    sandbox key changes the sandbox only, so that trying things out gives nobody a role in the real
    organization."""
    is_tried = work.caller.api_key_id is not None and organization.mode is Mode.TEST
    twin_id = None if is_tried else organization.twin_id
    return [id_ for id_ in (organization.id, twin_id) if id_ is not None]


async def get_invitation(context: Context, token: str) -> Invited:
    """The invitation behind the link. Changes nothing. Raises NotFound."""
    link = await get_link(context, token, Purpose.INVITATION)
    assert link.organization_id is not None
    async with context.database.tenant_connection(link.organization_id) as tenant:
        organization = await organizations.find_organization(tenant)
    if organization is None:
        raise NotFound(LINK_ENDED)
    return Invited(organization, link)


async def accept_invitation(
    context: Context, caller: Caller, token: str, password: str, replaced: str | None
) -> SignedIn:
    """Sets the user's first password and signs the user in. This uses up the link. `replaced` is
    the token of the session that the browser had; it ends.

    Raises NotFound, Invalid, and Forbidden for a user who has a password already.
    """
    await get_invitation(context, token)
    password_hash = await make_hash(password)
    return await unit_of_work.change(context, caller, _accept, token, password_hash, replaced)


async def _accept(
    work: UnitOfWork, token: str, password_hash: str, replaced: str | None
) -> SignedIn:
    user_id = await links.take_link(work.tx, hash_of(token), Purpose.INVITATION, work.recorded_at)
    if user_id is None:
        raise NotFound(LINK_ENDED)
    user = await users.set_first_password(work.tx, user_id, password_hash)
    if user is None:
        raise Forbidden("You have a password here already. Please sign in with it.")
    return await begin_sign_in_session(work, user, replaced)
