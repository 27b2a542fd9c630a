"""How many statements a page of the console sends: whatever the role is, its rights send none."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import asyncpg
import httpx
import pytest
from starlette.types import ASGIApp

from kalends.application import application
from kalends.compose import Installation
from kalends.domain.access import Role
from kalends.store.connection import connect
from tests.conftest import PASSWORD
from tests.web.pages.console.desks import make_user
from tests.web.pages.visitors import slug_of
from tests.world import World

# Whose session it is, who that is, with which roles, and the organization with own schedules.
TO_OPEN_THE_CONSOLE = 4
PAGES = ("/calendar", "/calendar?view=day", "/bookings", "/charts", "/notifications")


class Sent(list[str]):
    """The statements of this process, as they are sent."""

    async def by(self, desk: httpx.AsyncClient, path: str) -> int:
        """How many a page takes, once what is kept of it is known."""
        for _ in range(2):
            self.clear()
            answer = await desk.get(path)
            await asyncio.sleep(0.05)  # they are noted a turn of the loop later
        assert answer.status_code in (200, 404), answer.text
        return len(self)


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> Sent:
    seen = Sent()

    async def noting(*args: Any, **kwargs: Any) -> Any:
        connection = await connect(*args, **kwargs)
        connection.add_query_logger(lambda record: seen.append(record.query))
        return connection

    async def noting_prepared(self: Any, query: str, **kwargs: Any) -> Any:
        seen.append(query)  # what is prepared by hand is not noted otherwise
        return await prepare(self, query, **kwargs)

    prepare = asyncpg.Connection.prepare
    monkeypatch.setattr(asyncpg.Connection, "prepare", noting_prepared)
    monkeypatch.setattr("kalends.store.database.connect", noting)
    return seen


@asynccontextmanager
async def signed_in(app: ASGIApp, email: str) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://kalends") as desk:
        answer = await desk.post("/api/auth/login", json={"email": email, "password": PASSWORD})
        assert answer.status_code == 200, answer.text
        yield desk


async def test_rights_cost_a_page_no_statement_more(
    home: Installation, world: World, sent: Sent
) -> None:
    staff = f"staff-{slug_of(world)}@example.com"
    await asyncio.to_thread(make_user, home, world, staff, Role.STAFF)
    users = {one["email"]: one["id"] for one in world.api.get("/api/v1/users").json()["data"]}
    for user_id in (users[staff], None):
        world.book(world.create_schedule(user_id=user_id))
    app, root = application(home), f"/console/{slug_of(world)}"
    async with (
        signed_in(app, world.setup.admin_email) as owner,
        signed_in(app, staff) as own,
    ):
        for path in PAGES:
            counts = [await sent.by(desk, root + path) for desk in (owner, own)]
            assert counts[1] <= counts[0], (path, list(sent))
        # What is refused is so by what each page reads first.
        assert await sent.by(own, f"{root}/settings") == TO_OPEN_THE_CONSOLE, list(sent)
        assert await sent.by(owner, f"{root}/notifications") > TO_OPEN_THE_CONSOLE


async def test_the_bookings_of_a_week_are_read_by_one_statement(
    home: Installation, world: World, sent: Sent
) -> None:
    for _ in range(3):
        world.book(world.create_schedule())
    app = application(home)
    async with signed_in(app, world.setup.admin_email) as owner:
        await sent.by(owner, f"/console/{slug_of(world)}/calendar")
    read = [one for one in sent if "FROM bookings" in one and "attendee_name" in one]
    assert len(read) == 1, read
