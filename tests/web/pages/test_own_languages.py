"""An organization's own texts in the language of who reads the page."""

import re
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.web.pages.visitors import Browser, offered, text_of
from tests.world import JSON, World, tomorrow_at

START = tomorrow_at(9)
QUESTIONS: list[JSON] = [
    {"key": "size", "label": "Size?", "type": "select", "options": ["S", "L"]},
    {"key": "parts", "label": "Parts?", "type": "multiselect", "options": ["x", "y"]},
    {"key": "terms", "label": "I accept", "type": "consent"},
]
GERMAN: JSON = {
    "name": "Haarschnitt",
    "description": "Mit **Waschen**",
    "questions": {
        "size": {"label": "Größe?", "options": ["klein", "groß"]},
        "parts": {"options": ["vorn", "hinten"]},
        "terms": {"label": "Ich stimme [dem hier](https://example.com/agb) zu"},
    },
}


@pytest.fixture
def path(world: World) -> str:
    fields = {"questions": QUESTIONS, "translations": {"de": GERMAN, "pt-BR": {"name": "Corte"}}}
    return offered(world, name="Haircut", description="With washing", **fields)[0]


def german(world: World) -> Browser:
    return Browser(world.url, **{"accept-language": "de-AT"})


def test_the_pages_are_in_the_visitors_language(world: World, path: str) -> None:
    with german(world) as visitor:
        times, listed = visitor.get(path), visitor.get(path.rpartition("/")[0])
        form = visitor.hold(path, START)
    for page in (times, listed):
        assert "Haarschnitt" in text_of(page)
        assert "<strong>Waschen</strong>" in page.text
        assert "Haircut" not in page.text
    assert '<meta name="description" content="Mit Waschen">' in times.text
    assert re.findall(r'<option value="(\w)">(\w+)', form.text) == [("S", "klein"), ("L", "groß")]
    assert re.findall(r'name="answer.parts" value="(\w)"><span><bdi>(\w+)', form.text) == [
        ("x", "vorn"), ("y", "hinten"),
    ]  # fmt: skip
    assert 'href="https://example.com/agb"' in form.text


@pytest.mark.parametrize(
    ("asked", "shown"), [("fr", "Haircut"), ("de", "Haarschnitt"), ("pt-PT", "Corte")]
)
def test_what_is_not_translated_is_the_original(
    world: World, path: str, asked: str, shown: str
) -> None:
    with Browser(world.url, **{"accept-language": asked}) as visitor:
        for page in (path, path.rpartition("/")[0], path + ".md", path.rpartition("/")[0] + ".md"):
            assert shown in visitor.get(page).text
        form = visitor.hold(path, START)
        assert ("Größe?" if asked == "de" else "Size?") in form.text


def test_answers_keep_the_options_own_value(world: World, path: str) -> None:
    with german(world) as visitor:
        form = visitor.hold(path, START)
        page = visitor.fill_in(
            form,
            name="Karl",
            email="karl@example.com",
            answer__size="L",
            answer__parts=["x", "y"],
            answer__terms="yes",
        )
        (booking,) = world.api.get("/api/v1/bookings").json()["data"]
        assert booking["answers"] == {"size": "L", "parts": ["x", "y"], "terms": True}
        assert booking["title"] == "Haircut"
        shown = text_of(page)
        assert "Größe? groß Parts? vorn, hinten Ich stimme dem hier zu" in shown
        assert "Haarschnitt" in shown
        with Browser(world.url, **{"accept-language": "fr"}) as other:
            assert "Größe? groß" in text_of(other.get(page.url.path))
            assert "Haarschnitt" in text_of(other.get(f"{page.url.path}/reschedule"))
            file = other.get(f"{page.url.path}/booking.ics").text
        assert "SUMMARY:Haarschnitt (" in file
    google = re.findall(r'href="(https://calendar.google.com[^"]*)"', page.text)[0]
    query = parse_qs(urlsplit(google.replace("&amp;", "&")).query)
    assert query["text"][0].startswith("Haarschnitt (")
