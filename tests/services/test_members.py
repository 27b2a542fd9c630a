"""Who belongs to an organization: inviting, roles, and that an owner always stays."""

import asyncio
import uuid
from typing import Any

import pytest

from kalends.domain.access import Mode, Role
from kalends.domain.errors import Invalid, NeedsAdmin, NotFound
from kalends.domain.ids import ORGANIZATION, USER, encode_id, encode_id_or_none
from kalends.domain.mail import Mail
from kalends.runtime import unit_of_work
from kalends.runtime.unit_of_work import Caller, Context, UnitOfWork
from kalends.services import mails, setup
from kalends.services.users import members, password_resets
from kalends.services.users.sign_in_sessions import get_account
from kalends.store.accounts import users
from tests.world import World

PASSWORD = "correct horse battery"


async def user_with(context: Context, world: World, role: Role) -> Caller:
    """A user with a password and that role."""
    email = f"{role}-{uuid.uuid4().hex[:8]}@example.test"
    named = encode_id(ORGANIZATION, world.setup.organization_id)
    await setup.add_user(context, named, email, PASSWORD, role)
    return await caller_of(context, world, email)


async def caller_of(context: Context, world: World, email: str) -> Caller:
    async with context.database.connection() as tx:
        known = await users.find_user(tx, email)
    assert known
    return Caller(world.setup.organization_id, Mode.LIVE, "user", [], user_id=known[0].id)


async def owner_of(context: Context, world: World) -> Caller:
    return await caller_of(context, world, world.setup.admin_email)


async def roles_in(context: Context, caller: Caller) -> list[Role]:
    listed = await unit_of_work.read(context, caller, members.list_members)
    return [member.role for member in listed]


async def change_role(context: Context, caller: Caller, of: Caller, role: Role) -> None:
    assert of.user_id
    await unit_of_work.change(context, caller, members.change_role, of.user_id, role)


async def remove(context: Context, caller: Caller, removed: Caller) -> None:
    assert removed.user_id
    await unit_of_work.change(context, caller, members.remove_member, removed.user_id)


async def test_a_role_changes_in_the_organization_and_its_sandbox(
    context: Context, world: World
) -> None:
    owner = await owner_of(context, world)
    member = await user_with(context, world, Role.MEMBER)
    await change_role(context, owner, member, Role.ADMIN)
    assert member.user_id
    account = await unit_of_work.read(context, member, get_account, member.user_id)
    assert [one.role for one in account.memberships] == [Role.ADMIN, Role.ADMIN]


async def test_a_removed_user_belongs_to_neither(context: Context, world: World) -> None:
    owner = await owner_of(context, world)
    member = await user_with(context, world, Role.MEMBER)
    await remove(context, owner, member)
    assert member.user_id
    assert (await unit_of_work.read(context, member, get_account, member.user_id)).memberships == []
    with pytest.raises(NotFound):
        await remove(context, owner, member)


async def test_calendars_of_a_removed_user_go(context: Context, world: World) -> None:
    owner = await owner_of(context, world)
    member = await user_with(context, world, Role.MEMBER)
    body = {"provider": "test", "user_id": encode_id_or_none(USER, member.user_id)}
    made = world.sandbox.post("/api/v1/calendar-connections", json=body)
    assert made.status_code == 201, made.text
    await remove(context, owner, member)
    path = f"/api/v1/calendar-connections/{made.json()['data']['id']}"
    assert world.sandbox.get(path).status_code == 404


async def test_the_last_owner_stays(context: Context, world: World) -> None:
    owner = await owner_of(context, world)
    with pytest.raises(Invalid, match="only owner"):
        await change_role(context, owner, owner, Role.MEMBER)
    with pytest.raises(Invalid, match="only owner"):
        await remove(context, owner, owner)
    assert await roles_in(context, owner) == [Role.OWNER]


async def test_two_owners_who_step_down_at_once_leave_one(context: Context, world: World) -> None:
    first = await owner_of(context, world)
    second = await user_with(context, world, Role.OWNER)
    stepped_down = asyncio.Event()

    async def step_down_and_linger(work: UnitOfWork) -> None:
        assert first.user_id
        await members.change_role(work, first.user_id, Role.ADMIN)
        stepped_down.set()
        await asyncio.sleep(0.3)

    lingering = asyncio.create_task(unit_of_work.change(context, first, step_down_and_linger))
    await stepped_down.wait()
    with pytest.raises(Invalid, match="only owner"):
        await change_role(context, second, second, Role.ADMIN)
    await lingering
    assert sorted(await roles_in(context, first)) == [Role.ADMIN, Role.OWNER]


async def test_an_admin_neither_makes_nor_touches_an_owner(context: Context, world: World) -> None:
    owner = await owner_of(context, world)
    await user_with(context, world, Role.OWNER)
    admin = await user_with(context, world, Role.ADMIN)
    for attempt in (
        change_role(context, admin, admin, Role.OWNER),
        change_role(context, admin, owner, Role.MEMBER),
        remove(context, admin, owner),
        unit_of_work.change(context, admin, members.invite_member, "new@example.test", Role.OWNER),
    ):
        with pytest.raises(Invalid, match="by owners alone"):
            await attempt
    assert sorted(await roles_in(context, owner)) == [Role.ADMIN, Role.OWNER, Role.OWNER]


async def test_a_member_changes_nobody(context: Context, world: World) -> None:
    member = await user_with(context, world, Role.MEMBER)
    admin = await user_with(context, world, Role.ADMIN)
    with pytest.raises(NeedsAdmin):
        await change_role(context, member, member, Role.ADMIN)
    with pytest.raises(NeedsAdmin):
        await remove(context, member, admin)
    with pytest.raises(NeedsAdmin):
        await unit_of_work.change(
            context, member, members.invite_member, "x@example.test", Role.MEMBER
        )


async def test_a_user_of_another_organization_is_not_there(
    context: Context, world: World, new_world: Any
) -> None:
    owner = await owner_of(context, world)
    stranger = await owner_of(context, new_world())
    with pytest.raises(NotFound):
        await change_role(context, owner, stranger, Role.MEMBER)
    with pytest.raises(NotFound):
        await remove(context, owner, stranger)


async def test_an_invitation_is_repeated_until_it_is_taken(context: Context, world: World) -> None:
    owner = await owner_of(context, world)
    email = f"new-{uuid.uuid4().hex[:8]}@example.test"
    assert await unit_of_work.change(context, owner, members.invite_member, email, Role.MEMBER)
    assert not await unit_of_work.change(context, owner, members.invite_member, email, Role.ADMIN)
    assert await roles_in(context, owner) == [Role.OWNER, Role.ADMIN]
    with pytest.raises(Invalid, match="belongs to the organization already"):
        await unit_of_work.change(
            context, owner, members.invite_member, world.setup.admin_email, Role.MEMBER
        )


async def mail_to(context: Context, caller: Caller, email: str) -> Mail:
    listed, _ = await unit_of_work.read(context, caller, mails.list_mails, None, 50, 0)
    return next(mail for mail in listed if mail.recipient == email)


async def invite(context: Context, owner: Caller, role: Role) -> tuple[str, Mail]:
    """Somebody new: the address, and the mail to it."""
    email = f"new-{uuid.uuid4().hex[:8]}@example.test"
    await unit_of_work.change(context, owner, members.invite_member, email, role)
    return email, await mail_to(context, owner, email)


async def test_a_link_for_a_new_password_is_read_by_its_user_alone(
    context: Context, world: World
) -> None:
    owner = await owner_of(context, world)
    email = f"admin-{uuid.uuid4().hex[:8]}@example.test"
    named = encode_id(ORGANIZATION, world.setup.organization_id)
    await setup.add_user(context, named, email, PASSWORD, Role.ADMIN)
    admin = await caller_of(context, world, email)
    await password_resets.send_reset(context, email.encode())
    mail = await mail_to(context, owner, email)
    assert await unit_of_work.read(context, admin, members.may_read_mail, mail)
    assert not await unit_of_work.read(context, owner, members.may_read_mail, mail)


async def test_an_invitation_is_read_by_admins_unless_its_user_belongs_elsewhere(
    context: Context, world: World, new_world: Any
) -> None:
    owner = await owner_of(context, world)
    admin = await user_with(context, world, Role.ADMIN)
    email, mail = await invite(context, owner, Role.MEMBER)
    assert await unit_of_work.read(context, admin, members.may_read_mail, mail)

    other = await owner_of(context, new_world())
    await unit_of_work.change(context, other, members.invite_member, email, Role.MEMBER)
    assert not await unit_of_work.read(context, admin, members.may_read_mail, mail)


async def test_an_invitation_to_an_owner_is_no_way_up_for_an_admin(
    context: Context, world: World
) -> None:
    owner = await owner_of(context, world)
    admin = await user_with(context, world, Role.ADMIN)
    _, mail = await invite(context, owner, Role.OWNER)
    assert await unit_of_work.read(context, owner, members.may_read_mail, mail)
    assert not await unit_of_work.read(context, admin, members.may_read_mail, mail)
