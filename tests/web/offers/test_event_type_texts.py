"""`translations` of event types: kept by language, fitting the questions and following them."""

from typing import Any

import pytest

from kalends.compose import Installation
from tests.conftest import run
from tests.refusals import is_refused
from tests.world import JSON, World

PATH = "/api/v1/event-types"
SIZE: JSON = {"key": "size", "label": "Size?", "type": "select", "options": ["S", "L"]}
GERMAN: JSON = {
    "name": "Haarschnitt",
    "description": "Mit Waschen",
    "questions": {"size": {"label": "Größe?", "options": ["klein", "groß"]}},
}
COUNTRIES = ["AT", "BE", "CA", "CH", "DE", "FR", "GB", "IT"]
TAGS = [f"{language}-{country}" for language in ("de", "en", "es", "fr") for country in COUNTRIES]
# Each text is short enough; together they are too long.
SHORT: JSON = {"name": "x"}
LONG: JSON = {"description": "x" * 5000, "questions": {"size": {"options": ["y" * 200] * 2}}}


@pytest.fixture
def cut(world: World) -> JSON:
    return world.create_event_type(questions=[SIZE], translations={"de": GERMAN})


def patched(world: World, event_type: JSON, **changes: Any) -> Any:
    return world.api.patch(f"{PATH}/{event_type['id']}", json=changes)


def test_they_come_back_as_they_were_given(world: World, cut: JSON) -> None:
    assert cut["translations"] == {"de": GERMAN}
    assert world.api.get(f"{PATH}/{cut['id']}").json()["data"] == cut


def test_what_is_left_out_or_blank_is_null(world: World) -> None:
    texts = {"description": " ", "questions": {"size": {"label": ""}}}
    event_type = world.create_event_type(questions=[SIZE], translations={"PT-br": texts})
    assert event_type["translations"] == {
        "pt-BR": {"name": None, "description": None, "questions": {}}
    }


def test_a_change_replaces_them_whole(world: World, cut: JSON) -> None:
    changed = patched(world, cut, translations={"fr": {"name": "Coupe"}}).json()["data"]
    assert list(changed["translations"]) == ["fr"]
    assert patched(world, cut, translations={}).json()["data"]["translations"] == {}


def test_other_changes_leave_them(world: World, cut: JSON) -> None:
    assert patched(world, cut, name="Cut").json()["data"]["translations"] == {"de": GERMAN}


def test_what_fits_no_longer_hinders_no_other_change(
    world: World, home: Installation, cut: JSON
) -> None:
    """A server of the version before changes questions alone."""
    organization = world.setup.organization_id
    run(home, f"UPDATE event_types SET questions = '[]' WHERE organization_id = '{organization}'")
    assert patched(world, cut, name="Cut").status_code == 200
    assert is_refused(patched(world, cut, translations={"fr": GERMAN}), "translations.fr.questions")


def test_a_translation_with_two_links_does_not_become_a_consent(world: World) -> None:
    links = "[a](https://a.example) and [b](https://b.example)"
    texts = {one: {"questions": {"size": {"label": links}}} for one in ("de", "fr")}
    question = {"key": "size", "label": "Size?", "type": "text"}
    event_type = world.create_event_type(questions=[question], translations=texts)
    consents = [question | {"type": "consent", "required": True}]
    changed = patched(world, event_type, questions=consents).json()["data"]
    assert changed["translations"]["de"]["questions"] == {}
    assert patched(world, event_type, translations=changed["translations"]).status_code == 200


def test_they_follow_questions_that_change(world: World, cut: JSON) -> None:
    questions = [SIZE | {"options": ["L", "XL"]}]
    changed = patched(world, cut, questions=questions).json()["data"]
    assert changed["translations"]["de"]["questions"]["size"]["options"] == ["groß", "XL"]
    changed = patched(world, cut, questions=[]).json()["data"]
    assert changed["translations"]["de"]["questions"] == {}


def test_a_copy_has_them_too(world: World, cut: JSON) -> None:
    changes = {"translations": {"de": GERMAN}, "questions": [SIZE]}
    other = world.create_event_type(name="Other")
    assert patched(world, other, **changes).json()["data"]["translations"] == {"de": GERMAN}


@pytest.mark.parametrize(
    ("translations", "field"),
    [
        ({"de_DE": {}}, "translations.de_DE"),
        ({"": {}}, "translations"),
        ({"de": {}, "DE": {}}, "translations.DE"),
        ({"de": {"name": "x" * 201}}, "translations.name"),
        ({"de": {"title": "x"}}, "translations.title"),
        ({"de": {"name": "a\x00"}}, "translations.name"),
        ({"de": {"questions": {"no": {"label": "x"}}}}, "translations.de.questions.no"),
        (
            {"de": {"questions": {"size": {"options": ["x"]}}}},
            "translations.de.questions.size.options",
        ),
        (dict.fromkeys(TAGS[:31], SHORT), "translations"),
        (dict.fromkeys(TAGS[:30], LONG), "translations"),
        (None, "translations"),
    ],
)
def test_what_does_not_fit_is_refused_at_its_field(
    world: World, cut: JSON, translations: Any, field: str
) -> None:
    answer = patched(world, cut, translations=translations)
    assert is_refused(answer, field)
