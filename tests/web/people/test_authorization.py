"""Every call of the table wants its key and its scope: a new one cannot be forgotten here."""

import re

import pytest

from kalends.domain.access import Mode as KeyMode
from kalends.domain.access import new_key
from kalends.domain.ids import encode_id, new_id
from kalends.domain.scopes import Scope
from kalends.web.app import ROUTES
from kalends.web.http.routes import Access, Route
from tests.world import World

WITH_KEY = [route for route in ROUTES if route.takes_key]
OPEN = {("POST", "/api/auth/login")}


def name_of(route: Route) -> str:
    return f"{route.method} {route.path}"


def call(world: World, route: Route, key: str | None, **headers: str) -> tuple[int, str]:
    path = re.sub(r"\{\w+\}", encode_id("bk", new_id()), route.path)
    sent = {"authorization": f"Bearer {key}"} if key else {}
    answer = world.stranger.request(route.method, path, headers={**sent, **headers})
    return answer.status_code, answer.json().get("code", "")


def key_with(world: World, *scopes: Scope) -> str:
    answer = world.api.post("/api/v1/api-keys", json={"scopes": scopes})
    assert answer.status_code == 201, answer.text
    key: str = answer.json()["data"]["key"]
    return key


def test_under_api_only_sign_in_is_open_to_everyone() -> None:
    is_open = {(r.method, r.path) for r in ROUTES if r.access is Access.OPEN}
    assert {(method, path) for method, path in is_open if path.startswith("/api/")} == OPEN


def test_the_path_decides_between_keys_and_sessions() -> None:
    for route in ROUTES:
        assert route.takes_key == route.path.startswith("/api/v1/"), name_of(route)


@pytest.mark.parametrize("route", ROUTES, ids=name_of)
def test_without_a_key_or_session_a_call_is_refused(module_world: World, route: Route) -> None:
    if route.access is not Access.OPEN:
        assert call(module_world, route, None) == (401, "UNAUTHORIZED")


@pytest.mark.parametrize("route", WITH_KEY, ids=name_of)
@pytest.mark.parametrize(
    "key",
    ["x", "wk_live_", "wk_live_" + "a" * 64, "wk_prod_" + "a" * 64, "é" * 72, "a" * 10_000],
    ids=["short", "empty", "checksum", "prefix", "letters", "long"],
)
def test_a_wrong_key_is_refused(module_world: World, route: Route, key: str) -> None:
    path = re.sub(r"\{\w+\}", encode_id("bk", new_id()), route.path)
    headers = {b"authorization": f"Bearer {key}".encode()}
    answer = module_world.stranger.request(route.method, path, headers=headers)
    assert answer.status_code == 401


def test_a_key_that_nobody_made_is_refused(module_world: World) -> None:
    for route in WITH_KEY:
        assert call(module_world, route, new_key(KeyMode.LIVE))[0] == 401


@pytest.mark.parametrize("route", WITH_KEY, ids=name_of)
def test_all_scopes_but_its_own_do_not_open_a_call(module_world: World, route: Route) -> None:
    others = [s for s in Scope if s not in (route.access, Scope.ALL, Scope.ALL_READ)]
    assert call(module_world, route, key_with(module_world, *others)) == (403, "FORBIDDEN")


@pytest.mark.parametrize("route", WITH_KEY, ids=name_of)
def test_its_own_scope_opens_a_call(module_world: World, route: Route) -> None:
    assert isinstance(route.access, Scope)
    status, _ = call(module_world, route, key_with(module_world, route.access))
    assert status not in (401, 403)
    assert status < 500


@pytest.mark.parametrize("route", WITH_KEY, ids=name_of)
def test_reading_everything_is_every_read_but_keys(module_world: World, route: Route) -> None:
    status, _ = call(module_world, route, key_with(module_world, Scope.ALL_READ))
    is_read = route.method == "GET" and route.path != "/api/v1/api-keys"
    assert (status != 403) == is_read


def test_write_does_not_include_read(module_world: World) -> None:
    key = key_with(module_world, Scope.BOOKINGS_WRITE)
    client = module_world.with_key(key)
    assert client.get("/api/v1/bookings").status_code == 403
    assert client.delete(f"/api/v1/bookings/{encode_id('bk', new_id())}").status_code == 404


@pytest.mark.parametrize(
    "headers",
    [
        {"x-api-key": "{key}"},
        {"authorization": "bearer {key}"},
        {"authorization": "BEARER  {key}"},
        {"authorization": "Basic abc", "x-api-key": "{key}"},
    ],
)
def test_a_key_may_come_in_either_header(module_world: World, headers: dict[str, str]) -> None:
    key = key_with(module_world, Scope.BOOKINGS_READ)
    sent = {name: value.format(key=key) for name, value in headers.items()}
    answer = module_world.stranger.get("/api/v1/bookings", headers=sent)
    assert answer.status_code == 200


@pytest.mark.parametrize("route", WITH_KEY, ids=name_of)
def test_a_revoked_key_opens_nothing(module_world: World, route: Route) -> None:
    made = module_world.api.post("/api/v1/api-keys", json={"scopes": ["*"]}).json()["data"]
    module_world.api.delete(f"/api/v1/api-keys/{made['id']}")
    assert call(module_world, route, made["key"]) == (401, "UNAUTHORIZED")


def test_a_method_that_a_path_has_not_wants_a_key_too(module_world: World) -> None:
    routes = {(route.method, route.path) for route in WITH_KEY}
    for path in {path for _, path in routes}:
        method = next(one for one in ("PUT", "PATCH", "DELETE") if (one, path) not in routes)
        missing = re.sub(r"\{\w+\}", "x", path)
        assert module_world.stranger.request(method, missing).status_code == 401
        assert module_world.api.request(method, missing).status_code == 405
