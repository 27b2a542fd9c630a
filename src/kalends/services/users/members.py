"""Who belongs to an organization, and in which role.

A role holds in the organization and its sandbox alike. An organization always keeps an owner, and
only owners make owners or touch them, so that nobody rises or is thrown out by who is less.
"""

from typing import Final
from uuid import UUID

from kalends.domain.access import ADMINS, Member, Organization, Role
from kalends.domain.errors import Invalid, NeedsAdmin
from kalends.domain.faults import Fault, FaultCode
from kalends.domain.ids import ORGANIZATION, USER, encode_id
from kalends.domain.mail import Mail, MailKind
from kalends.runtime.unit_of_work import UnitOfWork, require
from kalends.services.users.invitations import invite_user
from kalends.store.accounts import members, organizations
from kalends.store.database import TenantConnection

MOST_LISTED: Final = 1000


async def list_members(work: UnitOfWork) -> list[Member]:
    """Sorted by e-mail address."""
    return await members.list_members(work.tenant, MOST_LISTED)


async def invite_member(work: UnitOfWork, email: str, role: Role) -> bool:
    """Invites a user to that role, by a link; whether the user is new here. Who was invited and
    has not come yet gets another link. Raises NotFound, NeedsAdmin, Invalid for one who belongs to
    the organization already.
    """
    acting = await _acting_alone(work)
    known = await members.find_member_by_email(work.tenant, email)
    if known is not None and known.has_password:
        raise Invalid.field("email", "belongs to the organization already")
    _check_may(acting, role)
    if known is not None:
        _check_may(acting, known.role)
        await _check_owner_stays(work, known, role)
    return await invite_user(work, email, role, invited_by=acting.email)


async def change_role(work: UnitOfWork, user_id: UUID, role: Role) -> Member:
    """Raises NotFound, NeedsAdmin, and Invalid where the organization would be without an owner."""
    acting = await _acting_alone(work)
    member = await _get_member(work, user_id)
    _check_may(acting, member.role)
    _check_may(acting, role)
    await _check_owner_stays(work, member, role)
    for id_ in await _organization_ids(work):
        await members.set_role(TenantConnection(id_, work.tx), user_id, role)
    return member


async def remove_member(work: UnitOfWork, user_id: UUID) -> Member:
    """Takes the user's role away. The user stays, and whatever roles there are elsewhere.

    Raises NotFound, NeedsAdmin, and Invalid where the organization would be without an owner.
    """
    acting = await _acting_alone(work)
    member = await _get_member(work, user_id)
    _check_may(acting, member.role)
    await _check_owner_stays(work, member, None)
    for id_ in await _organization_ids(work):
        await members.delete_member(TenantConnection(id_, work.tx), user_id)
    return member


async def may_read_mail(work: UnitOfWork, mail: Mail) -> bool:
    """Whether the caller may read what a mail of the organization says: a link in it must not
    make anybody somebody else.

    A link for a new password is for its user alone. An invitation may be handed on by who could
    have sent it, unless its user belongs to other organizations too.
    """
    if mail.kind not in (MailKind.PASSWORD_RESET, MailKind.USER_INVITATION):
        return True
    acting = await _get_member(work, work.caller.user_id)
    if acting.email.lower() == mail.recipient.lower():
        return True
    if mail.kind == MailKind.PASSWORD_RESET or acting.role not in ADMINS:
        return False
    invited = await members.find_member_by_email(work.tenant, mail.recipient)
    if invited is None or (invited.role is Role.OWNER and acting.role is not Role.OWNER):
        return False
    own = await _organization_ids(work)
    return not await members.belongs_elsewhere(own, work.tx, invited.user_id)


async def _acting_alone(work: UnitOfWork) -> Member:
    """The admin who asks, while nobody else changes who belongs to what. Raises NeedsAdmin, also
    for one whose role was taken away a moment ago."""
    await organizations.lock_setup(work.tx)
    user_id = work.caller.user_id
    acting = user_id and await members.find_member(work.tenant, user_id)
    if not acting or acting.role not in ADMINS:
        raise NeedsAdmin("Only owners and admins of the organization can do this.")
    return acting


def _check_may(acting: Member, role: Role) -> None:
    if role is Role.OWNER and acting.role is not Role.OWNER:
        raise Invalid.field(
            "role", "of an owner is given and taken by owners alone", Fault(FaultCode.OWNERS_ALONE)
        )


async def _check_owner_stays(work: UnitOfWork, member: Member, role: Role | None) -> None:
    if member.role is not Role.OWNER or role is Role.OWNER:
        return
    if await members.count_owners(work.tenant) == 1:
        raise Invalid.field(
            "role",
            "is the only owner: make somebody else an owner first",
            Fault(FaultCode.LAST_OWNER),
        )


async def _get_member(work: UnitOfWork, user_id: UUID | None) -> Member:
    """Raises NotFound."""
    member = user_id and await members.find_member(work.tenant, user_id)
    return require(member or None, "user", encode_id(USER, user_id) if user_id else "")


async def _organization_ids(work: UnitOfWork) -> list[UUID]:
    """The organization and its sandbox."""
    organization: Organization = require(
        await organizations.find_organization(work.tenant),
        "organization",
        encode_id(ORGANIZATION, work.organization_id),
    )
    return [id_ for id_ in (organization.id, organization.twin_id) if id_ is not None]
