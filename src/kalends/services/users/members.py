"""The members of an organization and their roles.

A role holds in the organization and its sandbox alike. An organization always keeps an owner, and
only owners may give the role of owner or change a member who has it.
"""

from typing import Final, NamedTuple
from uuid import UUID

from msgspec import structs

from kalends.domain.access import ADMINS, ListedUser, Member, Organization, Role
from kalends.domain.errors import Invalid, NeedsAdmin, NotFound
from kalends.domain.faults import Fault, FaultCode
from kalends.domain.ids import ORGANIZATION, USER, encode_id_or_none
from kalends.domain.mail import Mail, MailKind
from kalends.domain.scopes import Scope
from kalends.runtime.calendars.goodbyes import say_goodbye_for_user
from kalends.runtime.if_match import IfMatch
from kalends.runtime.unit_of_work import UnitOfWork, require
from kalends.services.users.invitations import invite_user, organizations_meant
from kalends.store.accounts import members, organizations
from kalends.store.accounts.notifications import delete_notifications
from kalends.store.accounts.sign_in_sessions import find_last_sign_ins
from kalends.store.availability.schedules import disown_schedules
from kalends.store.bookings.feeds import delete_feeds_of_user
from kalends.store.calendars.calendars import note_reading
from kalends.store.calendars.connections import delete_connections_of_user
from kalends.store.database import TenantConnection

MOST_LISTED: Final = 1000


async def list_members(work: UnitOfWork) -> list[Member]:
    """The members, sorted by e-mail address."""
    return await members.list_members(work.tenant, MOST_LISTED)


async def list_users(work: UnitOfWork, *, limit: int, offset: int) -> tuple[list[ListedUser], int]:
    """A page of the members in the order in which they joined the installation, and the total."""
    listed, total = await members.list_users(work.tenant, limit, offset)
    last_seen = await find_last_sign_ins(work.tx, [user.id for user in listed])
    return [structs.replace(u, last_seen_at=last_seen.get(u.id)) for u in listed], total


async def invite_member(work: UnitOfWork, email: str, role: Role) -> bool:
    """Invites a user to that role by a mailed link, and returns whether the user is new to the
    installation. Somebody who has not accepted an earlier invitation gets another link. Raises
    NotFound, NeedsAdmin, and Invalid for somebody who is a member already."""
    acting = await _acting_alone(work)
    member = await members.find_member_by_email(work.tenant, email)
    if member is not None and member.has_password:
        raise Invalid.field("email", "belongs to the organization already")
    _check_may(acting, role)
    if member is not None:
        _check_may(acting, member.role)
        await _check_owner_stays(work, member, role)
    return await invite_user(work, email, role, invited_by=acting.email)


async def create_user(work: UnitOfWork, email: str, role: Role) -> ListedUser:
    """Invites a user to that role; raises what `invite_member` does."""
    await invite_member(work, email, role)
    member = await members.find_member_by_email(work.tenant, email)
    return await _get_user(work, member.user_id if member else None)


async def update_user(work: UnitOfWork, member: Member, role: Role) -> ListedUser:
    """Gives the member another role; raises what `change_role` does."""
    await change_role(work, member.user_id, role)
    return await _get_user(work, member.user_id)


async def lock_user(work: UnitOfWork, user_id: UUID, _: IfMatch) -> Member:
    """The member; locks all changes of memberships until the transaction ends. Raises NotFound."""
    await organizations.lock_setup(work.tx)
    return await _get_member(work, user_id)


async def delete_user(work: UnitOfWork, user_id: UUID) -> UUID:
    """Removes the member; raises what `remove_member` does."""
    return (await remove_member(work, user_id)).user_id


async def change_role(work: UnitOfWork, user_id: UUID, role: Role) -> Member:
    """Gives the member another role. Raises NotFound, NeedsAdmin, and Invalid if the organization
    would be left without an owner."""
    acting = await _acting_alone(work)
    member = await _get_member(work, user_id)
    _check_may(acting, member.role)
    _check_may(acting, role)
    await _check_owner_stays(work, member, role)
    for id_ in await _organization_ids(work):
        await members.set_role(TenantConnection(id_, work.tx), user_id, role)
    return member


async def remove_member(work: UnitOfWork, user_id: UUID) -> Member:
    """Removes the member from the organization. The user stays, with roles in other organizations.
    The member's schedules stay without a user; calendar connections are deleted.

    Raises NotFound, NeedsAdmin, and Invalid if the organization would be left without an owner.
    """
    acting = await _acting_alone(work)
    member = await _get_member(work, user_id)
    _check_may(acting, member.role)
    await _check_owner_stays(work, member, None)
    for id_ in await _organization_ids(work):
        tenant = TenantConnection(id_, work.tx)
        await members.delete_member(tenant, user_id)
        await delete_notifications(tenant, user_id)
        await disown_schedules(tenant, user_id, work.recorded_at)
        await delete_feeds_of_user(tenant, user_id)
        await say_goodbye_for_user(work, tenant, user_id)
        await note_reading(tenant, await delete_connections_of_user(tenant, user_id))
    return member


async def may_read_mail(work: UnitOfWork, mail: Mail) -> bool:
    """Whether the caller may read the message of a mail: nobody may act as another user by a link
    in it.

    A link to reset a password is for its user only. An invitation may be read, and handed on, by a
    member who could have sent it, unless its user belongs to other organizations, too.
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


class Acting(NamedTuple):
    """The caller who gives and takes roles: a user, or a key, which has no e-mail address."""

    role: Role
    email: str | None


async def _acting_alone(work: UnitOfWork) -> Acting:
    """The admin who acts; locks all changes of memberships until the transaction ends. A key with
    all scopes acts as an owner, any other as an admin. Raises NeedsAdmin, also for a user whose
    role was taken away a moment ago."""
    await organizations.lock_setup(work.tx)
    if work.caller.api_key_id is not None:
        return Acting(Role.OWNER if Scope.ALL in work.caller.scopes else Role.ADMIN, None)
    user_id = work.caller.user_id
    acting = user_id and await members.find_member(work.tenant, user_id)
    if not acting or acting.role not in ADMINS:
        raise NeedsAdmin("Only owners and admins of the organization can do this.")
    return Acting(acting.role, acting.email)


def _check_may(acting: Acting, role: Role) -> None:
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
    if user_id is None:
        raise NotFound.with_id(USER, "")
    return require(await members.find_member(work.tenant, user_id), USER, user_id)


async def _get_user(work: UnitOfWork, user_id: UUID | None) -> ListedUser:
    """Raises NotFound."""
    listed = user_id and await members.find_user(work.tenant, user_id)
    if not listed:
        raise NotFound.with_id(USER, encode_id_or_none(USER, user_id) or "")
    last_seen = await find_last_sign_ins(work.tx, [listed.id])
    return structs.replace(listed, last_seen_at=last_seen.get(listed.id))


async def _organization_ids(work: UnitOfWork) -> list[UUID]:
    """The organizations in which the caller's change of a role holds."""
    organization: Organization = require(
        await organizations.find_organization(work.tenant),
        ORGANIZATION,
        work.organization_id,
    )
    return organizations_meant(work, organization)
