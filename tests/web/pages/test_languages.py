"""The language of pages: a visitor's, else the organization's; the console in its user's."""

from contextlib import closing

import pytest

from tests.web.pages.console.desks import SignedInBrowser
from tests.web.pages.visitors import Browser, offered, text_of
from tests.world import World

ORGANIZATION = "/api/v1/organization"


@pytest.fixture
def in_brazil(world: World) -> World:
    assert world.api.patch(ORGANIZATION, json={"locale": "pt-BR"}).status_code == 200
    return world


def test_the_console_is_in_the_users_language_before_all_others(in_brazil: World) -> None:
    with closing(SignedInBrowser(in_brazil)) as user:
        user.headers["accept-language"] = "fr"
        assert 'lang="pt"' in user.open("/bookings").text
        user.submit("/language", locale="de")
        assert 'lang="de"' in user.open("/bookings").text
        assert "Gespeichert." in text_of(user.open("/language", done="saved"))
        assert 'lang="de"' in user.get("/console").text
        user.submit("/language", locale="")
        assert 'lang="pt"' in user.open("/bookings").text
        in_brazil.api.patch(ORGANIZATION, json={"locale": None})
        assert 'lang="fr"' in user.open("/bookings").text


def test_what_is_no_language_is_refused_at_its_field(world: World) -> None:
    with closing(SignedInBrowser(world)) as user:
        assert user.submit("/language", locale="German").status_code == 422


def test_the_settings_choose_the_organizations_language(world: World) -> None:
    with closing(SignedInBrowser(world)) as user:
        assert user.submit("/settings/region", timezone="UTC", locale="ja").status_code == 200
    assert world.api.get(ORGANIZATION).json()["data"]["locale"] == "ja"


@pytest.mark.parametrize(
    ("asked", "answered"), [("sv", "pt"), ("sv,en;q=0.5", "en"), ("", "pt"), ("de-AT", "de")]
)
def test_a_visitor_reads_what_is_asked_for_else_the_organizations(
    in_brazil: World, asked: str, answered: str
) -> None:
    path, _ = offered(in_brazil)
    for page in (path, path.rpartition("/")[0]):
        with Browser(in_brazil.url, **{"accept-language": asked}) as visitor:
            assert f'<html lang="{answered}"' in visitor.get(page).text


def test_a_feed_is_in_the_organizations_language(in_brazil: World) -> None:
    schedule = in_brazil.create_schedule()
    in_brazil.book(schedule)
    made = in_brazil.api.post(f"/api/v1/schedules/{schedule['id']}/feed").json()["data"]
    with Browser(in_brazil.url, **{"accept-language": "de"}) as program:
        assert "Participante: " in program.get(made["url"]).text
