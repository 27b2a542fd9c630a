"""Which language a visitor reads: that of the words, and that of dates and times."""

from collections.abc import Iterator
from functools import lru_cache
from typing import Final

from babel import Locale

from kalends.domain.language_tags import LanguageTag
from kalends.formats.locales import known_locale
from kalends.translation import language_for

DEFAULT: Final = "en"
MOST_READ: Final = 20


@lru_cache(maxsize=512)
def locale_of(accept_language: str) -> Locale:
    """The first language of `Accept-Language` (RFC 9110 12.5.4) that there are dates in."""
    return known_locale(language_of(accept_language)) or Locale(DEFAULT)


@lru_cache(maxsize=512)
def language_of(accept_language: str) -> str:
    """The same as its tag (BCP 47, canonical)."""
    return next(_readable(accept_language), DEFAULT)


@lru_cache(maxsize=512)
def words_language_of(accept_language: str) -> str:
    """The first of its languages that there is a catalogue of (BCP 47), else English."""
    return language_for(_readable(accept_language))


def _readable(accept_language: str) -> Iterator[str]:
    for given in _by_weight(accept_language[:500]):
        try:
            tag = LanguageTag.parse(given)
        except ValueError:
            continue
        if known_locale(tag) is not None:
            yield tag


def _by_weight(header: str) -> list[str]:
    """The tags, the most preferred first, without those of weight 0."""
    weighted = []
    for position, part in enumerate(header.split(",")[:MOST_READ]):
        tag, _, parameter = part.partition(";")
        weight = _weight(parameter)
        if tag.strip() and weight > 0:
            weighted.append((-weight, position, tag.strip()))
    return [tag for _, _, tag in sorted(weighted)]


def _weight(parameter: str) -> float:
    name, _, value = parameter.strip().partition("=")
    if name.strip().lower() != "q":
        return 1.0
    try:
        return min(float(value), 1.0)
    except ValueError:
        return 0.0
