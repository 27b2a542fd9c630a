"""An event type's texts in other languages, written in the console."""

from typing import Any

import pytest

from kalends.compose import Installation
from kalends.domain.access import Role
from tests.conftest import run
from tests.web.pages.settings.clerks import Clerk, clerk_of
from tests.web.pages.visitors import Browser, slug_of
from tests.world import JSON, World

SIZE: JSON = {"key": "size", "label": "Size?", "type": "select", "options": ["S", "L"]}


@pytest.fixture
def cut(world: World) -> JSON:
    fields = {"schedule_id": world.create_schedule()["id"], "questions": [SIZE]}
    return world.create_event_type(name="Haircut", **fields)


def tab(event_type: JSON, language: str = "") -> str:
    return f"/event-types/{event_type['id']}/languages{language and '/' + language}"


def translations(world: World, event_type: JSON) -> Any:
    return world.api.get(f"/api/v1/event-types/{event_type['id']}").json()["data"]["translations"]


def test_texts_are_written_shown_and_removed(world: World, cut: JSON) -> None:
    clerk = Clerk(world)
    form = clerk.follow(clerk.get(clerk.root + tab(cut), params={"language": "de"}))
    typed = {"name": "Haarschnitt", "questions__size__options__1": "groß"}
    saved = clerk.follow(clerk.fill_in(form, tab(cut, "de"), **typed))
    assert "Deutsch" in saved.text
    question = {"label": None, "options": ["S", "groß"]}
    assert translations(world, cut) == {
        "de": {"name": "Haarschnitt", "description": None, "questions": {"size": question}}
    }
    with Browser(world.url, **{"accept-language": "de"}) as visitor:
        assert "Haarschnitt" in visitor.get(f"/{slug_of(world)}/{cut['slug']}").text
    again = clerk.open(tab(cut, "de")).text
    assert 'value="Haarschnitt"' in again
    assert "Haircut" in again
    clerk.follow(clerk.submit(tab(cut, "de") + "/delete", tab(cut, "de")))
    assert translations(world, cut) == {}


def test_a_language_without_a_text_is_left_out(world: World, cut: JSON) -> None:
    clerk = Clerk(world)
    clerk.follow(clerk.submit(tab(cut, "fr"), name=" "))
    assert translations(world, cut) == {}


def test_what_is_too_long_is_said_at_its_field(world: World, cut: JSON) -> None:
    refused = Clerk(world).submit(tab(cut, "fr"), name="x" * 201, description="Oui")
    assert refused.status_code == 422
    assert 'id="wrong-name"' in refused.text
    assert "Oui</textarea>" in refused.text


def test_texts_of_an_older_version_are_not_written_over_newer_ones(world: World, cut: JSON) -> None:
    clerk = Clerk(world)
    page = clerk.open(tab(cut, "fr"))
    world.api.patch(
        f"/api/v1/event-types/{cut['id']}", json={"translations": {"fr": {"name": "A"}}}
    )
    refused = clerk.fill_in(page, tab(cut, "fr"), name="B")
    assert refused.status_code == 412
    assert translations(world, cut)["fr"]["name"] == "A"
    clerk.follow(clerk.fill_in(refused, tab(cut, "fr")))
    assert translations(world, cut)["fr"]["name"] == "B"


def test_a_language_that_fits_no_longer_hinders_no_other(
    world: World, home: Installation, cut: JSON
) -> None:
    own = {"name": "A", "questions": {"size": {"options": ["s", "l"]}}}
    fields = {"translations": {"de": own, "fr": own}}
    world.api.patch(f"/api/v1/event-types/{cut['id']}", json=fields)
    organization = world.setup.organization_id
    run(home, f"UPDATE event_types SET questions = '[]' WHERE organization_id = '{organization}'")
    clerk = Clerk(world)
    clerk.follow(clerk.submit(tab(cut, "de"), name="B"))
    assert translations(world, cut)["de"]["name"] == "B"
    clerk.follow(clerk.submit(tab(cut, "de") + "/delete", tab(cut, "de")))
    assert list(translations(world, cut)) == ["fr"]


def test_what_is_no_language_has_no_page(world: World, cut: JSON) -> None:
    assert Clerk(world).open(tab(cut, "German")).status_code == 404


def test_members_read_and_do_not_write(world: World, home: Installation, cut: JSON) -> None:
    member = clerk_of(home, world, Role.MEMBER)
    assert "disabled" in member.open(tab(cut, "de")).text
    assert member.submit(tab(cut, "de"), name="Nein").status_code == 403
