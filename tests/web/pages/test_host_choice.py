"""Whom visitors may choose: anyone, a person, or the one of a link."""

import pytest

from tests.web.pages.visitors import Browser, offered, starts_in, text_of
from tests.web.people.test_booking_hosts import of_a_member
from tests.web.people.test_reassigning import BOOKINGS, book_with
from tests.world import JSON, World, tomorrow_at

DAY = tomorrow_at(10)[:10]


def team_page(world: World, **fields: str) -> tuple[str, JSON, JSON, JSON]:
    ada, grace = (of_a_member(world, name) for name in ("Ada Lovelace", "Grace Hopper"))
    needed = [{"count": 1, "schedule_ids": [ada["id"], grace["id"]]}]
    path, event_type = offered(world, schedule=ada, schedule_id=None, requirements=needed, **fields)
    return path, event_type, ada, grace


def test_anyone_is_first_where_it_is_optional(world: World) -> None:
    path, event_type, _, grace = team_page(world, host_choice="optional")
    book_with(world, grace, event_type, tomorrow_at(10))
    with Browser(world.url) as visitor:
        anyone = visitor.get(path, params={"day": DAY})
        assert "With whom? Anyone Ada Lovelace Grace Hopper" in text_of(anyone)
        assert tomorrow_at(10) in starts_in(anyone)
        with_grace = visitor.get(path, params={"day": DAY, "host": grace["slug"]})
        assert "With: Grace Hopper" in text_of(with_grace)
        assert tomorrow_at(10) not in starts_in(with_grace)
        form = visitor.hold(path, tomorrow_at(11), host=grace["slug"])
        assert "With: Grace Hopper" in text_of(form)
        page = visitor.fill_in(form, name="Ada", email="ada@example.com")
        assert page.status_code == 200, page.text
    (latest,) = [b for b in bookings(world) if b["start_time"] == tomorrow_at(11)]
    assert latest["schedule_ids"] == [grace["id"]]


def test_one_has_to_be_chosen_where_it_is_required(world: World) -> None:
    path, _, _, grace = team_page(world, host_choice="required")
    with Browser(world.url) as visitor:
        page = visitor.get(path, params={"day": DAY})
        assert "Anyone" not in text_of(page)
        assert starts_in(page) == []
        assert starts_in(visitor.hold(path, tomorrow_at(10))) == []
        assert starts_in(visitor.get(path, params={"day": DAY, "host": grace["slug"]}))
    assert bookings(world) == []


@pytest.mark.parametrize("choice", ["none", "optional", "required"])
@pytest.mark.parametrize("is_held", [True, False])
def test_nobody_else_is_booked_than_who_was_chosen(
    world: World, choice: str, is_held: bool
) -> None:
    path, _, _, grace = team_page(world, host_choice=choice)
    with Browser(world.url) as visitor:
        named = {"start": tomorrow_at(10), "host": grace["slug"]}
        if is_held:
            form = visitor.hold(path, tomorrow_at(10), host=grace["slug"])
        else:
            form = visitor.get(f"{path}/book", params=named)
        left = world.api.patch(f"/api/v1/schedules/{grace['id']}", json={"is_active": False})
        assert left.is_success
        page = visitor.fill_in(form, name="Cy", email="cy@example.com")
        assert "This time is no longer free." in text_of(page)
        assert "Cy" in page.text
        again = visitor.hold(path, tomorrow_at(11), host=grace["slug"])
        assert "/book?" not in str(again.url)
    assert bookings(world) == []


@pytest.mark.parametrize("embed", [{}, {"embed": "1"}])
def test_a_link_for_one_person_needs_no_choice(world: World, embed: dict[str, str]) -> None:
    path, event_type, ada, grace = team_page(world)
    book_with(world, ada, event_type, tomorrow_at(10))
    host = [grace["slug"], "https://example.com"] if embed else [grace["slug"]]
    with Browser(world.url) as visitor:
        page = visitor.get(path, params={"day": DAY, "host": host, **embed})
        assert "With: Grace Hopper" in text_of(page)
        assert "With whom?" not in text_of(page)
        assert ('data-host="https://example.com"' in page.text) == bool(embed)
        assert grace["slug"] in page.text
        nobody = visitor.get(path, params={"day": DAY, "host": "nobody"})
        assert "With:" not in text_of(nobody)


def bookings(world: World) -> list[JSON]:
    listed: list[JSON] = world.api.get(BOOKINGS).json()["data"]
    return listed
