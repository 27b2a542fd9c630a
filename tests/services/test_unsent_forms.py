"""What was typed into a form that could not be sent: who finds it, and for how long."""

from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import pytest

from kalends.domain.errors import NotSaved
from kalends.domain.values import Instant
from kalends.runtime import unit_of_work
from kalends.runtime.sealing import Seal
from kalends.runtime.unit_of_work import Context
from kalends.services.users import unsent_forms
from kalends.store.accounts.users import find_user
from kalends.web.http.sign_ins import ANONYMOUS
from kalends.web.pages.form_stamps import STAMP_FOR, form_stamp, stamped_user
from tests.world import World

PATH = "/console/here/settings"
TYPED = [("name", "Ada"), ("day", "mo"), ("day", "tu")]
SECOND = timedelta(seconds=1)


async def user_of(context: Context, world: World) -> UUID:
    async with context.database.connection() as tx:
        found = await find_user(tx, world.setup.admin_email)
    assert found is not None
    return found[0].id


async def test_a_form_is_found_for_an_hour_at_its_own_path(context: Context, world: World) -> None:
    now, user_id = context.clock(), await user_of(context, world)
    at_once = replace(context, clock=lambda: now)
    form_id = await unit_of_work.change(
        at_once, ANONYMOUS, unsent_forms.keep_form, user_id, PATH, TYPED
    )
    assert form_id is not None

    async def found(after: timedelta, path: str = PATH, whose: UUID = user_id) -> object:
        then = replace(context, clock=lambda: Instant.of(now + after))
        find = unsent_forms.find_form
        return await unit_of_work.read(then, ANONYMOUS, find, whose, form_id, path)

    assert await found(unsent_forms.KEEP_FOR - SECOND) == TYPED
    assert await found(unsent_forms.KEEP_FOR) is None
    assert await found(SECOND, path=f"{PATH}/looks") is None
    assert await found(SECOND, whose=UUID(int=1)) is None


async def test_a_form_of_a_user_who_is_not_there_is_not_kept(context: Context) -> None:
    keep, gone = unsent_forms.keep_form, UUID(int=1)
    assert await unit_of_work.change(context, ANONYMOUS, keep, gone, PATH, TYPED) is None


async def test_what_was_typed_is_sealed(context: Context, world: World) -> None:
    user_id = await user_of(context, world)
    keep = unsent_forms.keep_form
    form_id = await unit_of_work.change(context, ANONYMOUS, keep, user_id, PATH, TYPED)
    assert form_id is not None
    async with context.database.connection() as tx:
        kept: bytes = await tx.fetchval("SELECT typed FROM unsent_forms WHERE id = $1", form_id)
    assert b"Ada" not in kept
    other = replace(context, seal=Seal("another secret, long enough for a seal"))
    find = unsent_forms.find_form
    assert await unit_of_work.read(other, ANONYMOUS, find, user_id, form_id, PATH) is None


def test_a_stamp_names_its_user_for_four_weeks(context: Context) -> None:
    now, user_id = context.clock(), UUID(int=7)
    stamp = form_stamp(context.seal, user_id, now)
    assert stamped_user(context.seal, stamp, now + STAMP_FOR) == user_id
    assert stamped_user(context.seal, stamp, now + STAMP_FOR + SECOND) is None
    assert stamped_user(Seal("another secret, long enough for a seal"), stamp, now) is None
    assert stamp != form_stamp(context.seal, user_id, now)


async def test_what_may_change_nothing_does_not_even_begin(context: Context) -> None:
    looking = replace(context, may_change=False)
    begun: list[str] = []

    async def use_case(_: unit_of_work.UnitOfWork) -> None:
        begun.append("begun")

    with pytest.raises(NotSaved):
        await unit_of_work.change(looking, ANONYMOUS, use_case)
    assert begun == []
