"""Language tags (BCP 47): validates them, and gives them their canonical form."""

import re
from functools import cache
from typing import Any, Final

from babel.localedata import locale_identifiers

LONGEST_TAG: Final = 100
TWO_LETTERS: Final = 2
_COUNTRY: Final = re.compile(r"[A-Z]{2}")
_SHAPE: Final = re.compile(r"[A-Za-z0-9]{1,8}(-[A-Za-z0-9]{1,8})*", re.ASCII)


class LanguageTag(str):
    """A valid language tag: a registered language, perhaps with a script, a country and more."""

    __slots__ = ()
    SCHEMA: Final[dict[str, Any]] = {
        "type": "string",
        "maxLength": LONGEST_TAG,
        "description": "A language tag (BCP 47), answered in its canonical form.",
        "examples": ["de-CH"],
    }

    @classmethod
    def parse(cls, text: str) -> "LanguageTag":
        """The tag in its canonical form (`DE-ch` is de-CH, `iw` is he). Raises ValueError."""
        if len(text) > LONGEST_TAG or not _SHAPE.fullmatch(text):
            raise ValueError("must be a language tag, such as de-CH")
        return cls(_canonical(text))


def _canonical(text: str) -> str:
    """Raises ValueError."""
    language, _, country = text.partition("-")
    language, country = language.lower(), country.upper()
    languages, countries = _common()
    if language in languages and country in countries:
        return f"{language}-{country}" if country else language
    return _canonical_of_any(text)


@cache
def _common() -> tuple[frozenset[str], frozenset[str]]:
    """The common two-letter languages, and the countries (or none) where they are used. For tags of
    these, no registry is needed."""
    names = [name.split("_") for name in locale_identifiers()]
    languages = (name[0] for name in names if len(name[0]) == TWO_LETTERS)
    countries = (part for name in names for part in name[1:] if _COUNTRY.fullmatch(part))
    return frozenset(languages), frozenset(["", *countries])


def _canonical_of_any(text: str) -> str:
    """The canonical form of any tag: with scripts, variants, old names, rare languages. Raises
    ValueError."""
    # The import takes half a second of CPU, to compile one pattern of the whole registry. Starting
    # Kalends does not need it, and neither do nearly all tags.
    from langcodes import Language, standardize_tag, tag_is_valid

    try:
        if not tag_is_valid(text):
            raise ValueError("must be a language tag of registered parts, such as de-CH")
        return standardize_tag(text)
    finally:
        # langcodes caches every tag for good, and here any client can send tags.
        Language._PARSE_CACHE.clear()
        Language._INSTANCES.clear()
