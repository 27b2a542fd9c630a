"""Messages in the language of their reader: looked up, filled in, and several at once."""

import asyncio
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog
from babel.messages.mofile import write_mo

from kalends.formats.mails.wording import CHANGE, CHANGED
from kalends.translation import (
    Catalogue,
    current_language,
    get_catalogue,
    gettext,
    gettext_lazy,
    in_catalogue,
    language_for,
    languages,
    ngettext,
    npgettext,
    pgettext,
    pgettext_lazy,
)
from kalends.translation.catalogues import COMPILED

POLISH: dict[str | tuple[str, str], str | tuple[str, str, str]] = {
    ("{number} seat left", "{number} seats left"): (
        "zostało {number} miejsce",
        "zostały {number} miejsca",
        "zostało {number} miejsc",
    ),
    "Time zone": "Strefa czasowa",
    "{start} to {end} ({zone})": "{zone}: od {start} do {end}",
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of catalogues with one of Polish, which has three forms of a plural."""
    made = tmp_path_factory.mktemp("catalogues")
    catalogue = Catalog(locale="pl")
    for message, translation in POLISH.items():
        catalogue.add(message, translation)
    catalogue.add("Open", "Otwórz", context="button")
    catalogue.add("Open", "Otwarte", context="hours")
    path = made / "pl" / COMPILED
    path.parent.mkdir(parents=True)
    with path.open("wb") as file:
        write_mo(file, catalogue)
    return made


@pytest.fixture(scope="module")
def polish(folder: Path) -> Catalogue:
    return get_catalogue("pl", folder)


def test_a_message_without_a_catalogue_says_itself() -> None:
    assert current_language() == "en"
    assert gettext("Time zone") == "Time zone"


def test_a_message_is_in_the_language_of_its_context(polish: Catalogue) -> None:
    with in_catalogue(polish):
        assert gettext("Time zone") == "Strefa czasowa"
    assert gettext("Time zone") == "Time zone"


def test_placeholders_go_by_name_so_their_order_is_free(polish: Catalogue) -> None:
    with in_catalogue(polish):
        translated = gettext("{start} to {end} ({zone})", start="9:00", end="9:30", zone="UTC")
    assert translated == "UTC: od 9:00 do 9:30"


@pytest.mark.parametrize(("number", "translated"), [(1, "miejsce"), (3, "miejsca"), (5, "miejsc")])
def test_plurals_follow_the_rule_of_the_language(
    polish: Catalogue, number: int, translated: str
) -> None:
    with in_catalogue(polish):
        text = ngettext("{number} seat left", "{number} seats left", number)
    assert text.split()[1:] == [str(number), translated]


@pytest.mark.parametrize(("number", "translated"), [(0, "0 days"), (1, "1 day"), (2, "2 days")])
def test_english_has_two_forms(number: int, translated: str) -> None:
    assert ngettext("{number} day", "{number} days", number) == translated
    assert npgettext("hours", "{number} day", "{number} days", number) == translated


def test_one_english_word_is_two_words_by_its_context(polish: Catalogue) -> None:
    with in_catalogue(polish):
        assert pgettext("button", "Open") == "Otwórz"
        assert pgettext("hours", "Open") == "Otwarte"
    assert pgettext("hours", "Open") == "Open"


def test_a_constant_is_in_the_language_of_its_reader(polish: Catalogue) -> None:
    zone, opened = gettext_lazy("Time zone"), pgettext_lazy("button", "Open")
    with in_catalogue(polish):
        assert (str(zone), f"{opened}") == ("Strefa czasowa", "Otwórz")
    assert (str(zone), str(opened)) == ("Time zone", "Open")


def test_a_missing_translation_is_in_english(polish: Catalogue) -> None:
    with in_catalogue(polish):
        assert str(CHANGE) == "Cancel or move this appointment"
        assert CHANGED.format(facts="Where") == "What has changed: Where."


async def test_two_readers_at_once_each_have_their_own_language(polish: Catalogue) -> None:
    arrived = asyncio.Barrier(2)

    async def text_in(catalogue: Catalogue) -> str:
        with in_catalogue(catalogue):
            await arrived.wait()
            return gettext("Time zone")

    translated = await asyncio.gather(text_in(polish), text_in(get_catalogue("en")))
    assert list(translated) == ["Strefa czasowa", "Time zone"]


@pytest.mark.parametrize(
    ("preferred", "language"),
    [
        ([], "en"),
        (["fr"], "en"),
        (["pl"], "pl"),
        (["PL-pl"], "pl"),
        (["fr", "pl-PL", "en"], "pl"),
        (["en-GB", "pl"], "en"),
        (["plx"], "en"),
    ],
)
def test_a_reader_gets_the_first_language_that_there_is(
    folder: Path, preferred: list[str], language: str
) -> None:
    assert language_for(preferred, languages(folder)) == language


def test_a_language_without_a_catalogue_is_refused(folder: Path) -> None:
    assert languages(folder) == {"en", "pl"}
    with pytest.raises(KeyError):
        get_catalogue("fr", folder)
