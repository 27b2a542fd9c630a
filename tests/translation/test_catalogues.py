"""The catalogues of our languages: each loads, when it is first asked for, with all its plurals."""

import subprocess
import sys

import pytest
from babel.messages.catalog import Catalog

from kalends.translation import get_catalogue, in_language, language_for, languages, ngettext
from scripts import messages

LANGUAGES = ("ar", "de", "es", "fr", "it", "ja", "nl", "pl", "pt")
# How many forms of a whole number each has.
FORMS = {"ar": 6, "ja": 1, "pl": 3}
LOADED = """
from gettext import GNUTranslations
made = []
read = GNUTranslations._parse
GNUTranslations._parse = lambda self, file: (made.append(file.name), read(self, file))
from kalends.translation import get_catalogue, languages
assert len(languages()) == 10, languages()
before = list(made)
get_catalogue("de")
print(*before, "|", *[name for name in made if name not in before])
"""


def test_there_are_ten_languages() -> None:
    assert languages() == {"en", *LANGUAGES}


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_plural_of_a_language_has_all_its_forms(language: str) -> None:
    path = messages.FOLDER / language / messages.CATALOGUE
    catalogue = messages.read(path)
    assert catalogue.num_plurals == FORMS.get(language, 2)
    plurals = [one for one in messages.messages_of(catalogue) if one.pluralizable]
    translated = [one for one in plurals if any(messages.forms_of(one.string))]
    assert len(translated) > 10
    for message in translated:
        assert list(messages.gaps_of(language, message, catalogue.num_plurals)) == []


@pytest.mark.parametrize(
    ("language", "number", "said"),
    [
        ("de", 1, "1 Tag"), ("de", 2, "2 Tage"), ("fr", 0, "0 jour"), ("ja", 3, "3日"),
        ("pl", 1, "1 dzień"), ("pl", 3, "3 dni"), ("pt", 2, "2 dias"),
        ("ar", 1, "يوم واحد"), ("ar", 2, "يومين"), ("ar", 5, "5 أيام"), ("ar", 12, "12 يومًا"),
        ("ar", 100, "100 يوم"), ("ar", 111, "111 يومًا"),
    ],
)  # fmt: skip
def test_a_number_takes_the_form_of_its_language(language: str, number: int, said: str) -> None:
    with in_language(language):
        text = ngettext(
            "{name} can be booked at most {number} day ahead.",
            "{name} can be booked at most {number} days ahead.",
            number,
            name="Ada",
        )
    assert said in text


@pytest.mark.parametrize(
    ("tag", "language"),
    [("de-AT", "de"), ("pt-PT", "pt"), ("pt-BR", "pt"), ("ar-EG", "ar"), ("zh-Hant", "en")],
)
def test_a_country_reads_its_language(tag: str, language: str) -> None:
    assert language_for([tag]) == language


def test_a_catalogue_is_read_when_it_is_first_asked_for() -> None:
    ran = subprocess.run([sys.executable, "-c", LOADED], capture_output=True, text=True, check=True)
    at_start, later = ran.stdout.split("|")
    assert "/de/" not in at_start
    assert "/de/" in later
    assert "/fr/" not in later


def test_a_missing_translation_and_a_missing_form_are_named() -> None:
    catalogue = Catalog(locale="pl")
    catalogue.add("Time zone")
    catalogue.add(("{number} day", "{number} days"), ("{number} dzień", "{number} dni", ""))
    catalogue.add("Open", "Otwórz", flags=["fuzzy"])
    catalogue.add("Close", "Zamknij")
    gaps = [
        gap
        for message in messages.messages_of(catalogue)
        for gap in messages.gaps_of("pl", message, catalogue.num_plurals)
    ]
    assert len(gaps) == 3
    assert "'Open' is fuzzy" in gaps[2]


def test_a_catalogue_that_is_asked_for_again_is_the_same() -> None:
    assert get_catalogue("de") is get_catalogue("de")
