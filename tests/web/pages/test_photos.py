"""The photo of a schedule: given by API and form, shown beside the name, forgotten when it goes."""

from base64 import b64encode
from typing import Any

import httpx
import pytest

from kalends.compose import Installation
from kalends.domain.access import Role
from tests.conftest import fetch
from tests.pictures import NEEDS_PILLOW, png
from tests.refusals import is_refused
from tests.web.pages.settings.clerks import Clerk, clerk_of
from tests.web.pages.visitors import Browser, offered, slug_of
from tests.world import JSON, World, tomorrow_at

SCHEDULES = "/api/v1/schedules"
BLUE = b"\x10\x20\xc8"


def photo_path(schedule: JSON) -> str:
    return f"{SCHEDULES}/{schedule['id']}/photo"


def given(world: World, schedule: JSON, content: bytes, **headers: str) -> httpx.Response:
    body = {"content": b64encode(content).decode()}
    return world.api.put(photo_path(schedule), json=body, headers=headers)


def with_photo(world: World, **fields: Any) -> JSON:
    """A schedule of the admin with a photo."""
    me = world.api.get("/api/v1/users").json()["data"][0]["id"]
    schedule = world.create_schedule(user_id=me, **fields)
    answer = given(world, schedule, png(300, 200))
    assert answer.status_code == 200, answer.text
    shown: JSON = answer.json()["data"]
    return shown


def is_there(world: World, url: str) -> bool:
    with Browser(world.url) as visitor:
        return visitor.get(url).status_code == 200


@NEEDS_PILLOW
def test_a_photo_is_kept_small_and_shown_by_its_hash(world: World) -> None:
    schedule = with_photo(world)
    photo = schedule["photo"]
    assert (photo["width"], photo["height"]) == (192, 128)
    answer = world.api.get(f"{SCHEDULES}/{schedule['id']}")
    assert answer.json()["data"] == schedule
    assert schedule["updated_at"] >= schedule["created_at"]
    assert is_there(world, photo["url"])


@NEEDS_PILLOW
def test_a_photo_of_an_older_version_is_refused(world: World) -> None:
    schedule = world.create_schedule()
    etag = world.api.get(f"{SCHEDULES}/{schedule['id']}").headers["etag"]
    first = given(world, schedule, png(90, 90), **{"if-match": etag})
    assert first.status_code == 200
    assert first.headers["etag"] != etag
    assert given(world, schedule, png(80, 80), **{"if-match": etag}).status_code == 412


@NEEDS_PILLOW
def test_pages_show_the_photo_beside_the_name(world: World) -> None:
    schedule = with_photo(world, public_name="Ada Lovelace")
    other = world.create_schedule(user_id=schedule["user_id"])
    requirements = [{"schedule_ids": [schedule["id"], other["id"]]}]
    path, _ = offered(world, schedule_id=None, requirements=requirements, host_choice="required")
    tag = f'src="{schedule["photo"]["url"]}" width="192" height="128" alt="" loading="lazy"'
    with Browser(world.url) as visitor:
        assert visitor.get(path).text.count(tag) == 1
        assert visitor.get(path, params={"host": schedule["slug"]}).text.count(tag) == 2
        form = visitor.hold(path, tomorrow_at(9), host=schedule["slug"])
        assert tag in form.text
        mine = visitor.fill_in(form, name="Karl", email="karl@example.com")
        assert tag in mine.text
        assert tag in visitor.get(f"{mine.url.path}/reschedule").text
    assert schedule["photo"]["url"] in Clerk(world).open("/schedules").text


@NEEDS_PILLOW
def test_the_list_of_an_organization_shows_photos(world: World) -> None:
    schedule = with_photo(world)
    offered(world, schedule=schedule)
    with Browser(world.url) as visitor:
        assert schedule["photo"]["url"] in visitor.get(f"/{slug_of(world)}").text


@NEEDS_PILLOW
def test_nothing_is_kept_of_a_photo_that_goes(world: World) -> None:
    schedule, other = with_photo(world), with_photo(world)
    first = schedule["photo"]["url"]
    assert other["photo"]["url"] == first
    second = given(world, schedule, png(90, 90, BLUE)).json()["data"]["photo"]["url"]
    assert is_there(world, first)
    world.api.delete(f"{SCHEDULES}/{other['id']}")
    assert not is_there(world, first)
    assert world.api.delete(photo_path(schedule)).json()["data"]["photo"] is None
    assert not is_there(world, second)


@NEEDS_PILLOW
def test_photos_in_use_outlive_many_logos(world: World, home: Installation) -> None:
    schedule = with_photo(world)
    organization = world.setup.organization_id
    names = ", ".join(f"('{organization}', '{n}-1x1.png', '', now())" for n in range(30))
    insert = f"INSERT INTO pictures (organization_id, name, content, created_at) VALUES {names}"
    fetch(home, insert + " RETURNING name")
    body = {"content": b64encode(png(480, 120)).decode()}
    assert world.api.put("/api/v1/organization/logo", json=body).status_code == 200
    count = f"SELECT count(*) FROM pictures WHERE organization_id = '{organization}'"
    assert is_there(world, schedule["photo"]["url"])
    assert fetch(home, count)[0][0] <= 22


@NEEDS_PILLOW
def test_the_console_takes_a_photo_and_removes_it(world: World) -> None:
    schedule = world.create_schedule()
    clerk, path = Clerk(world), f"/schedules/{schedule['id']}"
    page = clerk.open(f"{path}/about").text
    start = page.index('name="form_token" value="') + len('name="form_token" value="')
    form = {"form_token": page[start : page.index('"', start)]}
    sent = {"photo": ("me.png", png(90, 90), "image/png")}
    saved = clerk.follow(clerk.post(f"{clerk.root}{path}/photo", data=form, files=sent))
    assert 'alt="Photo of ' in saved.text
    bad = {"photo": ("me.svg", b"<svg/>", "image/svg+xml")}
    refused = clerk.post(f"{clerk.root}{path}/photo", data=form, files=bad)
    assert refused.status_code == 422
    assert 'id="wrong-photo"' in refused.text
    clerk.follow(clerk.submit(f"{path}/photo/delete", f"{path}/about"))
    assert world.api.get(f"{SCHEDULES}/{schedule['id']}").json()["data"]["photo"] is None


@NEEDS_PILLOW
def test_the_list_of_users_shows_photos_until_they_go(world: World) -> None:
    world.create_schedule(name="Without")
    mine = with_photo(world)
    before_name, _, _ = Clerk(world).open("/users").text.partition('class="set-name"')
    assert mine["photo"]["url"] in before_name
    world.api.delete(photo_path(mine))
    assert 'class="photo' not in Clerk(world).open("/users").text


def test_members_set_no_photo(world: World, home: Installation) -> None:
    schedule = world.create_schedule()
    member = clerk_of(home, world, Role.MEMBER)
    assert "Use as photo" not in member.open(f"/schedules/{schedule['id']}/about").text
    path = f"{member.root}/schedules/{schedule['id']}/photo/delete"
    assert member.post(path, data={}).status_code == 403


@pytest.mark.parametrize("content", [b"<svg/>", b"GIF89a", b"\x89PNG\r\n\x1a\n"])
def test_what_is_no_picture_is_refused(module_world: World, content: bytes) -> None:
    schedule = module_world.create_schedule()
    assert is_refused(given(module_world, schedule, content), "content")


@NEEDS_PILLOW
def test_a_preview_shows_the_photo_as_the_mail_does(world: World) -> None:
    schedule = with_photo(world)
    booking = world.book(schedule)
    asked = {"kind": "confirmed", "audience": "attendee", "booking_id": booking["id"]}
    answer = world.api.post("/api/v1/message-templates/preview", json=asked)
    assert answer.status_code == 200, answer.text
    assert schedule["photo"]["url"] in answer.json()["data"]["html"]
