"""/api/v1/users: who belongs to the organization."""

import uuid
from typing import Any

import httpx

from kalends.compose import Installation
from kalends.domain.access import Role
from tests.web.pages.settings.clerks import Clerk, clerk_of
from tests.web.people.test_schedule_people import user_of
from tests.world import JSON, World

PATH = "/api/v1/users"


def listed(world: World, **query: Any) -> JSON:
    answer = world.api.get(PATH, params=query)
    assert answer.status_code == 200, answer.text
    body: JSON = answer.json()
    return body


def test_members_are_listed_with_their_role_and_schedules(home: Installation, world: World) -> None:
    member = clerk_of(home, world, Role.MEMBER)
    schedules = [world.create_schedule(user_id=user_of(member)) for _ in range(2)]
    world.api.delete(f"/api/v1/schedules/{world.create_schedule(user_id=user_of(member))['id']}")
    owner, user = listed(world)["data"]
    assert (owner["email"], owner["role"]) == (world.setup.admin_email, "owner")
    assert owner["schedule_ids"] == []
    assert set(user) == {
        "id", "name", "email", "role", "schedule_ids", "two_factor", "last_seen_at", "created_at",
    }  # fmt: skip
    assert (user["id"], user["email"]) == (user_of(member), member.email)
    assert (user["role"], user["name"], user["two_factor"]) == ("member", None, False)
    assert user["schedule_ids"] == [schedule["id"] for schedule in schedules]


def test_a_user_was_last_seen_when_signing_in(world: World) -> None:
    assert listed(world)["data"][0]["last_seen_at"] is None
    Clerk(world)
    assert listed(world)["data"][0]["last_seen_at"] is not None


def test_users_come_in_pages(home: Installation, world: World) -> None:
    clerk_of(home, world, Role.MEMBER)
    page = listed(world, limit=1, offset=1)
    assert ([user["role"] for user in page["data"]], page["meta"]["total"]) == (["member"], 2)
    assert listed(world, offset=5)["data"] == []


def test_users_of_others_are_not_listed(world: World, new_world: Any) -> None:
    other = new_world()
    assert other.setup.admin_email not in {user["email"] for user in listed(world)["data"]}


def test_users_are_read_by_their_own_scope(world: World) -> None:
    for scopes, status in ((["users:read"], 200), (["bookings:read"], 403)):
        key = world.api.post("/api/v1/api-keys", json={"scopes": scopes}).json()["data"]["key"]
        assert world.with_key(key).get(PATH).status_code == status


def answered(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json().get("code", "")


def test_a_user_is_invited_changed_and_taken_out(world: World) -> None:
    email = f"new-{uuid.uuid4().hex[:8]}@example.test"
    invited = world.api.post(PATH, json={"email": email, "role": "staff"})
    assert invited.status_code == 201, invited.text
    user = invited.json()["data"]
    assert (user["email"], user["role"], user["schedule_ids"]) == (email, "staff", [])
    changed = world.api.patch(f"{PATH}/{user['id']}", json={"role": "member"})
    assert changed.json()["data"] == {**user, "role": "member"}
    in_sandbox = world.sandbox.get(PATH).json()["data"]
    assert [one["role"] for one in in_sandbox if one["email"] == email] == ["member"]
    gone = world.api.delete(f"{PATH}/{user['id']}")
    assert gone.json()["data"] == {"id": user["id"], "deleted": True}
    assert email not in {one["email"] for one in listed(world)["data"]}
    assert answered(world.api.delete(f"{PATH}/{user['id']}")) == (404, "NOT_FOUND")


def test_what_a_sandbox_tries_changes_no_role_of_the_organization(world: World) -> None:
    owner = world.sandbox.get(PATH).json()["data"][0]
    email = f"tried-{uuid.uuid4().hex[:8]}@example.test"
    assert world.sandbox.post(PATH, json={"email": email, "role": "owner"}).status_code == 201
    assert world.sandbox.delete(f"{PATH}/{owner['id']}").status_code == 200
    assert [(one["email"], one["role"]) for one in listed(world)["data"]] == [
        (world.setup.admin_email, "owner")
    ]


def test_the_last_owner_and_a_member_are_not_invited_or_lost(world: World) -> None:
    owner = listed(world)["data"][0]
    at = f"{PATH}/{owner['id']}"
    again = {"email": owner["email"], "role": "member"}
    refused = (422, "VALIDATION_ERROR")
    assert answered(world.api.post(PATH, json=again)) == refused
    assert answered(world.api.patch(at, json={"role": "admin"})) == refused
    assert answered(world.api.delete(at)) == refused
    assert answered(world.api.patch(f"{PATH}/usr_x", json={"role": "boss"})) == (404, "NOT_FOUND")


def test_only_a_key_of_all_scopes_makes_owners(world: World) -> None:
    made = world.api.post("/api/v1/api-keys", json={"scopes": ["users:write"]}).json()["data"]
    client, owner = world.with_key(made["key"]), listed(world)["data"][0]
    email = f"new-{uuid.uuid4().hex[:8]}@example.test"
    assert client.post(PATH, json={"email": email, "role": "owner"}).status_code == 422
    assert client.delete(f"{PATH}/{owner['id']}").status_code == 422
    assert client.post(PATH, json={"email": email, "role": "admin"}).status_code == 201
