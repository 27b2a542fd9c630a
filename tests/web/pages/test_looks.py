"""An organization's own colour and site: on pages, in the console, by API and form."""

import pytest

from tests.refusals import is_refused
from tests.web.pages.settings.clerks import Clerk
from tests.web.pages.visitors import Browser, offered, slug_of
from tests.world import World

ORGANIZATION = "/api/v1/organization"
OWN = "/static/accent-1.8a2b5f.css"


def test_pages_and_console_are_in_the_organizations_colour(world: World) -> None:
    path, _ = offered(world)
    pages = [f"/{slug_of(world)}", path]
    with Browser(world.url) as visitor:
        assert all("/static/accent" not in visitor.get(page).text for page in pages)
        given = world.api.patch(ORGANIZATION, json={"accent_color": "#8A2B5F"})
        assert given.json()["data"]["accent_color"] == "#8a2b5f"
        assert all(f'href="{OWN}"' in visitor.get(page).text for page in pages)
    assert f'href="{OWN}"' in Clerk(world).open("/event-types").text


def test_the_style_sheet_of_a_colour_is_kept_for_good(world: World) -> None:
    with Browser(world.url) as visitor:
        sheet = visitor.get(OWN)
        assert sheet.headers["content-type"] == "text/css; charset=utf-8"
        assert "immutable" in sheet.headers["cache-control"]
        assert "--accent: #8a2b5f" in sheet.text
        for name in ("accent-1.zzzzzz.css", "accent-1.8A2B5F.css", "accent-2.8a2b5f.css"):
            assert visitor.get(f"/static/{name}").status_code == 404


def test_pages_lead_to_the_organizations_site(world: World) -> None:
    path, _ = offered(world)
    world.api.patch(ORGANIZATION, json={"website": "https://salon.example/en"})
    with Browser(world.url) as visitor:
        for page in (f"/{slug_of(world)}", path):
            assert 'href="https://salon.example/en"' in visitor.get(page).text
        assert "salon.example" not in visitor.get(path, params={"embed": "1"}).text


def test_the_form_gives_a_colour_and_takes_it_away(world: World) -> None:
    clerk = Clerk(world)
    # Nobody has to take the tick from ours.
    clerk.submit("/settings/looks", accent_color="#8a2b5f")
    clerk.submit("/settings", website="https://a.example")
    after = world.api.get(ORGANIZATION).json()["data"]
    assert (after["accent_color"], after["website"]) == ("#8a2b5f", "https://a.example")
    clerk.submit("/settings/looks", accent_is_ours="yes")
    clerk.submit("/settings", website="")
    after = world.api.get(ORGANIZATION).json()["data"]
    assert (after["accent_color"], after["website"]) == (None, None)


def test_a_settings_form_that_nobody_touched_keeps_our_colour(world: World) -> None:
    Clerk(world).submit("/settings/looks")
    assert world.api.get(ORGANIZATION).json()["data"]["accent_color"] is None


@pytest.mark.parametrize("color", ["red", "#fff", "#12345g", "#1234567", "", 5, "#123456\n"])
def test_only_a_colour_is_taken(module_world: World, color: object) -> None:
    answer = module_world.api.patch(ORGANIZATION, json={"accent_color": color})
    assert is_refused(answer, "accent_color")


@pytest.mark.parametrize(
    "url", ["http://a.example", "javascript:alert(1)", "a.example", "https://"]
)
def test_only_an_https_site_is_taken(module_world: World, url: str) -> None:
    answer = module_world.api.patch(ORGANIZATION, json={"website": url})
    assert is_refused(answer, "website")
