"""Forms of people whose role changed between opening and saving them."""

from collections.abc import Callable

import pytest

from kalends.compose import Installation
from kalends.domain.access import Role
from tests.web.pages.settings.clerks import Clerk, clerk_of
from tests.web.pages.visitors import text_of
from tests.world import JSON, World

MONDAY = "availability__monday__0__"


@pytest.fixture
def beginning(home: Installation, world: World) -> Callable[[Role], tuple[Clerk, str]]:
    """Makes a user with that role; the other one is the user's id."""

    def make(role: Role) -> tuple[Clerk, str]:
        clerk = clerk_of(home, world, role)
        users = world.api.get("/api/v1/users").json()["data"]
        return clerk, next(user["id"] for user in users if user["email"] == clerk.email)

    return make


def stored(world: World, schedule: JSON) -> JSON:
    found: JSON = world.api.get(f"/api/v1/schedules/{schedule['id']}").json()["data"]
    return found


def become(world: World, user_id: str, role: Role) -> None:
    assert world.api.patch(f"/api/v1/users/{user_id}", json={"role": role}).status_code == 200


def test_who_became_an_admin_changes_the_hours_that_were_shown(
    world: World, beginning: Callable[[Role], tuple[Clerk, str]]
) -> None:
    clerk, user_id = beginning(Role.STAFF)
    limits = {"booking_limits": {"max_per_day": 3}, "is_active": True}
    texts = {"name": "Chair", "public_name": "Ada", "description": "By the window"}
    before = world.create_schedule(user_id=user_id, timezone="Asia/Tokyo", **texts, **limits)
    path = f"/schedules/{before['id']}"
    page = clerk.open(path)
    become(world, user_id, Role.ADMIN)
    typed = {f"{MONDAY}start": "10", f"{MONDAY}end": "12", "always": []}
    assert clerk.fill_in(page, path, **typed).status_code == 303
    after = stored(world, before)
    assert after["availability"]["monday"] == [{"start": "10:00", "end": "12:00"}]
    same = set(before) - {"availability", "updated_at"}
    assert {name: after[name] for name in same} == {name: before[name] for name in same}


def test_who_became_staff_is_told_that_the_name_was_not_saved(
    world: World, beginning: Callable[[Role], tuple[Clerk, str]]
) -> None:
    clerk, user_id = beginning(Role.ADMIN)
    before = world.create_schedule(user_id=user_id, name="Chair")
    path = f"/schedules/{before['id']}"
    page = clerk.open(path)
    become(world, user_id, Role.STAFF)
    typed = {"name": "Typed", f"{MONDAY}start": "10", f"{MONDAY}end": "12", "always": []}
    refused = clerk.fill_in(page, path, **typed)
    assert refused.status_code == 403
    assert "You may only change the hours now" in text_of(refused)
    assert stored(world, before) == before
    assert clerk.fill_in(refused, path).status_code == 303
    after = stored(world, before)
    assert after["availability"]["monday"] == [{"start": "10:00", "end": "12:00"}]
    assert after["name"] == "Chair"


@pytest.mark.parametrize("path", ["/settings/region", "/event-types/{id}/when"])
def test_who_is_no_admin_any_more_saves_nothing(
    world: World, beginning: Callable[[Role], tuple[Clerk, str]], path: str
) -> None:
    clerk, user_id = beginning(Role.ADMIN)
    path = path.format(id=world.create_event_type()["id"])
    page = clerk.open(path)
    become(world, user_id, Role.MEMBER)
    before = [world.api.get(f"/api/v1/{noun}").json() for noun in ("organization", "event-types")]
    answer = clerk.fill_in(page, path, country="AT", min_notice_minutes="77")
    assert answer.status_code == 403
    after = [world.api.get(f"/api/v1/{noun}").json() for noun in ("organization", "event-types")]
    assert after == before
