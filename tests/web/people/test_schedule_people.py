"""Whose a schedule is, and what people know it by: slug, public name, color."""

from typing import Any

import httpx
import pytest

from kalends.compose import Installation
from kalends.domain.access import Role
from kalends.domain.colors import Color
from tests.conftest import run
from tests.web.pages.settings.clerks import Clerk, clerk_of
from tests.world import JSON, World

PATH = "/api/v1/schedules"


def user_of(clerk: httpx.Client) -> str:
    user_id: str = clerk.get("/api/auth/me").json()["data"]["id"]
    return user_id


def owner_of(world: World) -> str:
    (owner,) = [u for u in world.api.get("/api/v1/users").json()["data"] if u["role"] == "owner"]
    user_id: str = owner["id"]
    return user_id


def change(world: World, schedule: JSON, **fields: Any) -> httpx.Response:
    return world.api.patch(f"{PATH}/{schedule['id']}", json=fields)


def stored(world: World, schedule: JSON) -> JSON:
    found: JSON = world.api.get(f"{PATH}/{schedule['id']}").json()["data"]
    return found


def test_a_slug_comes_from_the_name_and_is_unique(world: World) -> None:
    names = ["Zoë & Söhne", "Zoe sohne", "ZOE  SOHNE!", "名前"]
    slugs = [world.create_schedule(name=name)["slug"] for name in names]
    assert slugs == ["zoe-sohne", "zoe-sohne-2", "zoe-sohne-3", "schedule"]


def test_a_slug_stays_when_the_name_changes(world: World) -> None:
    schedule = world.create_schedule(name="Room")
    assert change(world, schedule, name="Hall").json()["data"]["slug"] == "room"


def test_a_slug_that_is_taken_is_refused(world: World) -> None:
    world.create_schedule(slug="room")
    other = world.create_schedule(slug="hall")
    refused = world.api.post(PATH, json={"name": "Room", "slug": "room"})
    assert (refused.status_code, refused.json()["code"]) == (409, "SLUG_TAKEN")
    refused = change(world, other, slug="room")
    assert (refused.status_code, refused.json()["code"]) == (409, "SLUG_TAKEN")
    assert stored(world, other) == other


def test_the_slug_of_a_deleted_schedule_is_free_again(world: World) -> None:
    schedule = world.create_schedule(slug="room")
    assert world.api.delete(f"{PATH}/{schedule['id']}").status_code == 200
    assert world.create_schedule(slug="room")["slug"] == "room"


def test_organizations_share_no_slugs(new_world: Any) -> None:
    assert [new_world().create_schedule(name="Room")["slug"] for _ in range(2)] == ["room"] * 2


def test_colors_are_given_out_in_turn(world: World) -> None:
    colors = [world.create_schedule()["color"] for _ in range(13)]
    assert colors == [*Color, Color.BLUE]


def test_a_color_is_one_of_twelve(world: World) -> None:
    assert world.create_schedule(color="teal")["color"] == "teal"
    assert world.api.post(PATH, json={"name": "Room", "color": "mauve"}).status_code == 422


def test_the_public_name_is_the_name_unless_given(world: World) -> None:
    schedule = world.create_schedule(name="Ada (upstairs)", public_name="Ada Lovelace")
    assert schedule["public_name"] == "Ada Lovelace"
    assert change(world, schedule, public_name=None).json()["data"]["public_name"] == (
        "Ada (upstairs)"
    )


def test_a_schedule_belongs_to_a_member_or_nobody(world: World) -> None:
    owner = owner_of(world)
    schedule = world.create_schedule(user_id=owner)
    assert stored(world, schedule)["user_id"] == owner
    assert change(world, schedule, user_id=None).json()["data"]["user_id"] is None
    assert world.create_schedule()["user_id"] is None


def test_who_is_no_member_has_no_schedule(world: World, new_world: Any) -> None:
    stranger = owner_of(new_world())
    schedule = world.create_schedule()
    for user_id in (stranger, "usr_nobody", schedule["id"]):
        assert change(world, schedule, user_id=user_id).status_code == 404
        body = {"name": "Room", "user_id": user_id}
        assert world.api.post(PATH, json=body).status_code == 404
    assert stored(world, schedule) == schedule


def test_the_schedules_of_who_leaves_stay_as_nobodys(home: Installation, world: World) -> None:
    leaving = user_of(clerk_of(home, world, Role.MEMBER))
    schedule = world.create_schedule(user_id=leaving)
    other = world.create_schedule(user_id=owner_of(world))
    assert Clerk(world).submit(f"/users/{leaving}/remove", page="/users").status_code == 303
    assert stored(world, schedule)["user_id"] is None
    assert stored(world, other) == other


@pytest.mark.parametrize("keeps", [True, False])
def test_calendars_of_the_user_before_are_unlinked(
    home: Installation, world: World, keeps: bool
) -> None:
    owner, other = owner_of(world), user_of(clerk_of(home, world, Role.MEMBER))
    schedule = world.sandbox.post(PATH, json={"name": "Ada", "user_id": owner}).json()["data"]
    connections = "/api/v1/calendar-connections"
    body = {"provider": "test", "user_id": owner}
    connection = world.sandbox.post(connections, json=body).json()["data"]
    calendars = world.sandbox.get(f"{connections}/{connection['id']}/calendars").json()["data"]
    uses = f"{PATH}/{schedule['id']}/calendars"
    given = [{"calendar_id": calendars[0]["id"], "reads": True, "writes": False}]
    assert world.sandbox.put(uses, json=given).status_code == 200
    changes = {"name": "Ada L."} if keeps else {"user_id": other}
    assert world.sandbox.patch(f"{PATH}/{schedule['id']}", json=changes).status_code == 200
    assert len(world.sandbox.get(uses).json()["data"]) == int(keeps)


def test_what_a_server_of_before_writes_gets_slug_and_color(
    home: Installation, world: World
) -> None:
    world.create_schedule(name="Room")
    organization = world.setup.organization_id
    run(
        home,
        "INSERT INTO schedules (organization_id, id, name, timezone, created_at, updated_at) "
        f"SELECT '{organization}', gen_random_uuid(), 'Room', 'UTC', now(), now() "
        "FROM generate_series(1, 2)",
    )
    listed = world.api.get(PATH).json()["data"]
    assert sorted(one["slug"] for one in listed) == ["room", "room-2", "room-3"]
    assert {one["color"] for one in listed} <= set(Color)


def test_the_form_says_whose_a_schedule_is(world: World) -> None:
    clerk = Clerk(world)
    schedule = world.create_schedule()
    typed = {"user_id": user_of(clerk), "public_name": "Ada", "slug": "ada", "color": "pink"}
    assert clerk.submit(f"/schedules/{schedule['id']}", **typed).status_code == 303
    after = stored(world, schedule)
    assert {name: after[name] for name in typed} == typed
