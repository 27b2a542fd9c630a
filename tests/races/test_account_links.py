"""A link that sets a password, in the hands of several at once, in several processes."""

import asyncio
import secrets
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import httpx

from kalends.domain.access import hash_of
from kalends.domain.account_link import Purpose
from kalends.store.accounts import links, users
from tests.homes import BESIDE
from tests.races.conftest import Fleet
from tests.world import World

AT_ONCE = 8


def test_one_of_many_sets_the_password(fleet: Fleet, world: World) -> None:
    token = asyncio.run(make_link(fleet, world.setup.admin_email))

    def post(number: int) -> int:
        url = f"{fleet.urls[number % len(fleet.urls)]}/password-reset/{token}"
        return httpx.post(url, data={"password": password_of(number)}, timeout=60).status_code

    with ThreadPoolExecutor(AT_ONCE) as pool:
        answers = list(pool.map(post, range(AT_ONCE)))
    assert sorted(answers) == [200] + [404] * (AT_ONCE - 1)
    opened = {number for number in range(AT_ONCE) if may_sign_in(world, password_of(number))}
    assert opened == {answers.index(200)}


def password_of(number: int) -> str:
    return f"the password of number {number}"


def may_sign_in(world: World, password: str) -> bool:
    body = {"email": world.setup.admin_email, "password": password}
    answer = httpx.post(f"{world.url}/api/auth/login", json=body, timeout=60)
    assert answer.status_code in (200, 401)
    return answer.status_code == 200


async def make_link(fleet: Fleet, email: str) -> str:
    context, token = fleet.home.context(BESIDE), secrets.token_urlsafe(32)
    async with context.database.transaction() as tx:
        known = await users.find_user(tx, email)
        assert known is not None
        now = context.clock()
        until = now + timedelta(minutes=10)
        await links.insert_link(
            tx, hash_of(token), known[0].id, Purpose.PASSWORD_RESET, None, (now, until)
        )
    await context.database.close()
    return token
