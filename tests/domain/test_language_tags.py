"""Language tags: one form for each, and none for what is no language."""

import pytest
from langcodes import Language

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
