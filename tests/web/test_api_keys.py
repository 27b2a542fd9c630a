"""API keys: made, listed, revoked, expired."""

import time
from collections.abc import Callable
from typing import Any

import pytest

from kalends.domain.access import is_well_formed
from tests.world import JSON, World, plus, tomorrow_at

PATH = "/api/v1/api-keys"


def create(world: World, *scopes: str, **fields: Any) -> JSON:
    answer = world.api.post(PATH, json={"scopes": scopes or ["bookings:read"], **fields})
    assert answer.status_code == 201, answer.text
    created: JSON = answer.json()["data"]
    return created


def status_with(world: World, key: str) -> int:
    return world.with_key(key).get("/api/v1/bookings").status_code


def test_a_key_is_shown_once_and_works(world: World) -> None:
    made = create(world, "bookings:read", "webhooks:read", name="Website")
    assert is_well_formed(made["key"])
    assert made["key"].startswith("wk_live_")
    assert made["last_four"] == made["key"][-4:]
    assert (made["name"], made["expires_at"]) == ("Website", None)
    assert made["scopes"] == ["bookings:read", "webhooks:read"]
    assert status_with(world, made["key"]) == 200
    listed = world.api.get(PATH)
    assert made["key"] not in listed.text
    del made["key"]
    assert made in listed.json()["data"]


def test_a_key_of_the_sandbox_is_a_test_key(world: World) -> None:
    made = world.sandbox.post(PATH, json={"scopes": ["*"]}).json()["data"]
    assert made["key"].startswith("wk_test_")
    assert made["mode"] == "test"


def test_keys_come_in_pages_oldest_first(world: World) -> None:
    for number in range(3):
        create(world, name=f"Key {number}")
    answer = world.api.get(PATH, params={"limit": 2, "offset": 1}).json()
    assert [key["name"] for key in answer["data"]] == ["Key 0", "Key 1"]
    assert answer["meta"] == {"total": 4, "limit": 2, "offset": 1, "hasMore": True}


def test_a_revoked_key_dies_at_once_and_leaves_the_list(world: World) -> None:
    made = create(world)
    client = world.with_key(made["key"])
    assert client.get("/api/v1/bookings").status_code == 200
    answer = world.api.delete(f"{PATH}/{made['id']}")
    assert answer.json() == {"data": {"id": made["id"], "deleted": True}}
    assert client.get("/api/v1/bookings").status_code == 401
    assert made["id"] not in world.api.get(PATH).text
    assert world.api.delete(f"{PATH}/{made['id']}").status_code == 404


def test_a_key_may_revoke_itself(world: World) -> None:
    made = create(world, "*")
    client = world.with_key(made["key"])
    assert client.delete(f"{PATH}/{made['id']}").status_code == 200
    assert client.get("/api/v1/bookings").status_code == 401


def test_an_expired_key_is_no_key(world: World) -> None:
    made = create(world, expires_at=plus(tomorrow_at(10), days=1))
    assert status_with(world, made["key"]) == 200
    soon = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + 2))
    brief = create(world, expires_at=soon)
    assert status_with(world, brief["key"]) == 200
    time.sleep(2.1)
    assert status_with(world, brief["key"]) == 401


def test_a_key_of_others_cannot_be_revoked(new_world: Callable[[], World]) -> None:
    one, other = new_world(), new_world()
    made = create(other)
    assert one.api.delete(f"{PATH}/{made['id']}").status_code == 404
    assert status_with(other, made["key"]) == 200


def test_the_same_request_under_an_idempotency_key_shows_the_same_secret(world: World) -> None:
    ask = {"json": {"scopes": ["*"]}, "headers": {"idempotency-key": "once"}}
    first, again = (world.api.post(PATH, **ask) for _ in range(2))  # type: ignore[arg-type]
    assert again.status_code == 201
    assert again.headers["idempotency-replayed"] == "true"
    assert again.json() == first.json()
    assert world.api.get(PATH).json()["meta"]["total"] == 2


@pytest.mark.parametrize("name", ["", " ", "\u200b"])
def test_a_key_whose_name_shows_nothing_has_none(world: World, name: str) -> None:
    assert create(world, name=name)["name"] is None


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "scopes"),
        ({"scopes": []}, "scopes"),
        ({"scopes": "*"}, "scopes"),
        ({"scopes": ["*", "bookings:delete"]}, "scopes.1"),
        ({"scopes": ["*"], "name": "a\x00b"}, "name"),
        ({"scopes": ["*"], "name": "x" * 201}, "name"),
        ({"scopes": ["*"], "expires_at": "tomorrow"}, "expires_at"),
        ({"scopes": ["*"], "expires_at": "2020-01-01T00:00:00Z"}, "expires_at"),
        ({"scopes": ["*"], "rate_limit": "none"}, "rate_limit"),
    ],
)
def test_a_wrong_value_is_named(world: World, body: JSON, field: str) -> None:
    answer = world.api.post(PATH, json=body)
    assert answer.status_code == 422
    assert answer.json()["details"][0]["field"] == field
