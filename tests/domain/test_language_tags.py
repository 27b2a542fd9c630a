"""Language tags: one form for each, and none for what is no language."""

import subprocess
import sys

import pytest
from babel.localedata import locale_identifiers
from langcodes import Language, standardize_tag, tag_is_valid

from kalends.domain.language_tags import LanguageTag


@pytest.mark.parametrize(
    ("given", "canonical"),
    [
        ("de", "de"),
        ("DE-ch", "de-CH"),
        ("zh-hant-tw", "zh-Hant-TW"),
        ("iw", "he"),
        ("i-klingon", "tlh"),
        ("zh-cmn", "zh"),
        ("en-us-u-hc-h23", "en-US-u-hc-h23"),
        ("de-CH-1996", "de-CH-1996"),
        ("es-419", "es-419"),
        ("x-house", "x-house"),
    ],
)
def test_each_language_has_one_tag(given: str, canonical: str) -> None:
    assert LanguageTag.parse(given) == canonical
    assert LanguageTag.parse(canonical) == canonical


@pytest.mark.parametrize(
    "text",
    [
        *("", " ", "*", "e", "xx", "English", "german", "de_DE", "de-DE.UTF-8", "C", "de-", "-de"),
        *("de--DE", "de-DE-DE", "dé", "de DE", "de\n", "123", "x", "en-a-bb-a-cc", "de\u2010DE"),
        "de-" + "-".join(["x", *["abcdefgh"] * 12]),
    ],
)
def test_what_is_no_language_tag_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="must be a language tag"):
        LanguageTag.parse(text)


def test_nothing_is_kept_of_the_tags_that_were_read() -> None:
    for number in range(50):
        LanguageTag.parse(f"de-x-{number}")
    assert len(Language._PARSE_CACHE) + len(Language._INSTANCES) < 10


def test_common_tags_are_as_the_registry_has_them() -> None:
    names = [name.split("_") for name in locale_identifiers()]
    countries = {name[-1] for name in names if len(name[-1]) == 2 and name[-1].isupper()}
    languages = {name[0] for name in names}
    tags = {*languages, *(f"{a}-{b}" for a in ("zh", "sr", "no") for b in countries)}
    registered = {tag: standardize_tag(tag) for tag in tags if tag_is_valid(tag)}
    assert {tag: LanguageTag.parse(tag.lower()) for tag in registered} == registered


@pytest.mark.server
def test_nothing_slow_is_imported_for_a_common_tag() -> None:
    code = (
        "import sys; from kalends.domain.language_tags import LanguageTag; "
        "LanguageTag.parse('pt-br'); sys.exit('langcodes' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0
