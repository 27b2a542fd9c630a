"""The order of event types, and which of them stand in lists."""

import re

import pytest

from kalends.compose import Installation
from kalends.domain.access import Role
from tests.web.pages.settings.clerks import Clerk, clerk_of, fields_in
from tests.web.pages.visitors import Browser, slug_of
from tests.world import JSON, World

PATH = "/event-types"


@pytest.fixture
def clerk(world: World) -> Clerk:
    return Clerk(world)


def made(world: World, *names: str) -> list[JSON]:
    return [world.create_event_type(name=name) for name in names]


def in_console(clerk: Clerk) -> list[str]:
    return re.findall(r'class="set-name"[^>]*><bdi>(.*?)<', clerk.open(PATH).text)


def on_page(world: World, ending: str = "") -> list[str]:
    with Browser(world.url) as visitor:
        page = visitor.get(f"/{slug_of(world)}{ending}").text
    return re.findall(r"^- \[(\w+)\]" if ending else r'class="name"[^>]*><bdi>(.*?)<', page, re.M)


def move(clerk: Clerk, one: JSON, **how: str) -> None:
    moved = clerk.submit(f"{PATH}/{one['id']}/move", page=PATH, **how)
    assert "The order is changed" in clerk.follow(moved).text


def test_new_ones_come_last_in_the_order_of_creation(world: World, clerk: Clerk) -> None:
    first, *_ = made(world, "A", "B")
    assert in_console(clerk) == on_page(world) == ["A", "B"]
    move(clerk, first, to="down")
    made(world, "C")
    assert in_console(clerk) == on_page(world) == on_page(world, ".md") == ["B", "A", "C"]


def test_buttons_move_by_one_and_stop_at_the_ends(world: World, clerk: Clerk) -> None:
    a, b, c = made(world, "A", "B", "C")
    move(clerk, c, to="up")
    assert in_console(clerk) == ["A", "C", "B"]
    for _ in range(2):
        move(clerk, b, to="down")
    move(clerk, a, to="up")
    assert in_console(clerk) == ["A", "C", "B"]


def test_one_is_placed_where_another_one_is(world: World, clerk: Clerk) -> None:
    a, _, _, d = made(world, "A", "B", "C", "D")
    move(clerk, d, at=a["id"])
    assert in_console(clerk) == ["D", "A", "B", "C"]
    last = made(world, "E")[0]
    move(clerk, d, at=last["id"])
    assert in_console(clerk) == ["A", "B", "C", "E", "D"]


def test_only_what_changed_its_place_has_a_new_version(world: World, clerk: Clerk) -> None:
    a, b, c = made(world, "A", "B", "C")
    move(clerk, c, to="up")

    def tags() -> list[str]:
        paths = [f"/api/v1/event-types/{one['id']}" for one in (a, b, c)]
        return [world.api.get(path).headers["etag"] for path in paths]

    before = tags()
    move(clerk, b, to="up")
    assert [old == new for old, new in zip(before, tags(), strict=True)] == [True, False, False]


def test_the_api_gives_a_position_and_takes_it_away(world: World) -> None:
    _, b = made(world, "A", "B")
    world.api.patch(f"/api/v1/event-types/{b['id']}", json={"position": 0})
    assert on_page(world) == ["B", "A"]
    world.api.patch(f"/api/v1/event-types/{b['id']}", json={"position": None})
    assert on_page(world) == ["A", "B"]


def test_an_unlisted_one_stands_in_no_list_and_can_be_booked(world: World) -> None:
    made(world, "Listed")
    hidden = world.create_event_type(name="Hidden", visibility="unlisted")
    assert on_page(world) == on_page(world, ".md") == ["Listed"]
    path = f"/{slug_of(world)}/{hidden['slug']}"
    with Browser(world.url) as visitor:
        page = visitor.get(path)
        assert page.status_code == 200
        assert '<meta name="robots" content="noindex">' in page.text
        assert visitor.get(f"{path}.md").headers["x-robots-tag"] == "noindex"
        assert "Hidden" not in visitor.get("/llms.txt").text


def test_others_cannot_be_moved_nor_named(home: Installation, world: World, clerk: Clerk) -> None:
    (mine,) = made(world, "Mine")
    page = clerk.open(PATH)
    token = fields_in(page, "/console/sign-out")["form_token"]
    form = {"form_token": token, "at": "evt_0352lF5NnllfIJ66lPpfc3"}
    answer = clerk.post(f"{clerk.root}{PATH}/{mine['id']}/move", data=form)
    assert answer.status_code == 404
    member = clerk_of(home, world, Role.MEMBER)
    form["form_token"] = fields_in(member.open(PATH), "/console/sign-out")["form_token"]
    assert member.post(f"{member.root}{PATH}/{mine['id']}/move", data=form).status_code == 403
