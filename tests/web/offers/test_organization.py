"""The organization that a key belongs to."""

from base64 import b64encode
from collections.abc import Callable
from typing import Any

import pytest

from tests.pictures import NEEDS_PILLOW, png
from tests.world import JSON, World

PATH = "/api/v1/organization"
LOGO: JSON = {"content": b64encode(png(8, 8)).decode()}


def test_a_key_sees_its_organization(world: World) -> None:
    answer = world.api.get(PATH)
    assert answer.status_code == 200
    organization = answer.json()["data"]
    assert set(organization) == {
        *("id", "name", "slug", "timezone", "notify_email", "country", "locale", "mode"),
        *("staff_may_edit_hours", "notify_emails", "accent_color", "website", "logo"),
        "return_origins",
        *("created_at", "updated_at"),
    }
    assert organization["id"].startswith("org_")
    assert (organization["timezone"], organization["mode"]) == ("UTC", "live")
    assert organization["notify_email"] == world.setup.admin_email


def test_a_sandbox_is_an_organization_of_its_own(world: World) -> None:
    live, sandbox = (api.get(PATH).json()["data"] for api in (world.api, world.sandbox))
    assert sandbox["mode"] == "test"
    assert sandbox["id"] != live["id"]
    world.sandbox.patch(PATH, json={"timezone": "Asia/Tokyo"})
    assert world.api.get(PATH).json()["data"]["timezone"] == "UTC"


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"notify_emails": ["a@x.test", "b@x.test"]}, ["a@x.test", "b@x.test"]),
        ({"notify_email": "c@x.test"}, ["c@x.test", "b@x.test"]),
        ({"notify_email": "d@x.test", "notify_emails": ["d@x.test"]}, ["d@x.test"]),
        ({"notify_emails": []}, []),
        ({"notify_email": None}, []),
    ],
)
def test_the_notify_address_is_the_first_of_several(
    world: World, changes: JSON, expected: list[str]
) -> None:
    world.api.patch(PATH, json={"notify_emails": ["a@x.test", "b@x.test"]})
    after = world.api.patch(PATH, json=changes).json()["data"]
    assert after["notify_emails"] == expected
    assert after["notify_email"] == (expected[0] if expected else None)


@pytest.mark.parametrize(
    "changes",
    [
        {"notify_emails": ["a@x.test", "A@x.test"]},
        {"notify_emails": [f"{n}@x.test" for n in range(11)]},
        {"notify_emails": ["nobody"]},
        {"notify_email": "b@x.test", "notify_emails": ["a@x.test", "b@x.test"]},
        {"notify_email": None, "notify_emails": ["a@x.test"]},
    ],
)
def test_addresses_that_cannot_be_are_refused(world: World, changes: JSON) -> None:
    answer = world.api.patch(PATH, json=changes)
    assert answer.status_code == 422
    assert answer.json()["details"][0]["field"].startswith("notify_email")


def test_what_is_given_changes_and_the_rest_stays(world: World) -> None:
    before = world.api.get(PATH).json()["data"]
    changes = {"timezone": "Europe/Berlin", "notify_email": None}
    answer = world.api.patch(PATH, json=changes)
    assert answer.status_code == 200
    after = answer.json()["data"]
    follows = {"country": "DE", "notify_emails": [], "updated_at": after["updated_at"]}
    assert after == before | changes | follows
    assert world.api.get(PATH).json()["data"] == after


def test_nothing_given_changes_nothing(world: World) -> None:
    before = world.api.get(PATH).json()["data"]
    assert world.api.patch(PATH).json()["data"] == before
    assert world.api.patch(PATH, json={"name": before["name"]}).json()["data"] == before


def test_a_change_gets_a_new_etag_and_nothing_else_does(world: World) -> None:
    first = world.api.get(PATH)
    name = first.json()["data"]["name"]
    for same in (world.api.get(PATH), world.api.patch(PATH, json={"name": name})):
        assert same.headers["etag"] == first.headers["etag"]
    changed = world.api.patch(PATH, json={"locale": "de"})
    assert changed.headers["etag"] != first.headers["etag"]
    assert world.api.get(PATH).headers["etag"] == changed.headers["etag"]


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("PATCH", PATH, {"locale": "fr"}),
        ("PATCH", PATH, {"locale": 5}),
        pytest.param("PUT", f"{PATH}/logo", LOGO, marks=NEEDS_PILLOW),
        ("DELETE", f"{PATH}/logo", None),
    ],
)
def test_a_change_to_another_version_than_the_one_seen_is_stale(
    world: World, method: str, path: str, body: Any
) -> None:
    seen = {"if-match": world.api.get(PATH).headers["etag"]}
    before = world.api.patch(PATH, json={"locale": "de"}, headers=seen)
    assert before.status_code == 200
    answer = world.api.request(method, path, json=body, headers=seen)
    assert (answer.status_code, answer.json()["code"]) == (412, "STALE")
    assert world.api.get(PATH).json() == before.json()


@NEEDS_PILLOW
def test_a_logo_makes_another_version(world: World) -> None:
    seen = {"if-match": world.api.get(PATH).headers["etag"]}
    given = world.api.put(f"{PATH}/logo", json=LOGO, headers=seen)
    assert given.status_code == 200
    assert world.api.patch(PATH, json={"locale": "de"}, headers=seen).status_code == 412
    again = world.api.put(f"{PATH}/logo", json=LOGO)
    assert again.headers["etag"] == given.headers["etag"]
    taken = world.api.delete(f"{PATH}/logo", headers={"if-match": given.headers["etag"]})
    assert taken.headers["etag"] != given.headers["etag"]


def test_a_taken_slug_is_refused(new_world: Callable[[], World]) -> None:
    one, other = new_world(), new_world()
    taken = other.api.get(PATH).json()["data"]["slug"]
    answer = one.api.patch(PATH, json={"slug": taken})
    assert (answer.status_code, answer.json()["code"]) == (409, "SLUG_TAKEN")
    own = one.api.get(PATH).json()["data"]["slug"]
    assert one.api.patch(PATH, json={"slug": own}).status_code == 200


def test_a_path_of_kalends_itself_is_no_slug(module_world: World) -> None:
    answer = module_world.api.patch(PATH, json={"slug": "console"})
    assert answer.status_code == 422
    assert answer.json()["details"][0]["field"] == "slug"


def test_a_taken_name_is_refused(new_world: Callable[[], World]) -> None:
    one, other = new_world(), new_world()
    taken = other.api.get(PATH).json()["data"]["name"]
    answer = one.api.patch(PATH, json={"name": taken})
    assert (answer.status_code, answer.json()["details"][0]["field"]) == (422, "name")


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("name", ""),
        ("name", "  "),
        ("name", "a\nb"),
        ("name", None),
        ("name", "x" * 201),
        ("slug", ""),
        ("slug", "No"),
        ("slug", "a b"),
        ("slug", "x" * 81),
        ("slug", None),
        ("timezone", "America"),
        ("timezone", "../x"),
        ("timezone", None),
        ("notify_email", "nobody"),
        ("id", "org_1"),
    ],
)
def test_a_wrong_value_is_named(world: World, field: str, value: Any) -> None:
    answer = world.api.patch(PATH, json={field: value})
    assert answer.status_code == 422, answer.text
    assert answer.json()["code"] == "VALIDATION_ERROR"
    assert answer.json()["details"][0]["field"] == field


def test_an_organization_chooses_its_language_and_takes_it_back(world: World) -> None:
    for wanted, kept in (("PT-br", "pt-BR"), (None, None)):
        assert world.api.patch(PATH, json={"locale": wanted}).json()["data"]["locale"] == kept
        assert world.api.get(PATH).json()["data"]["locale"] == kept
    assert world.api.patch(PATH, json={"locale": "German"}).status_code == 422
