"""Chooses the language that a visitor reads, for words and for dates and times."""

from collections.abc import Iterator
from functools import lru_cache
from typing import Final, NamedTuple

from babel import Locale

from kalends.domain.language_tags import LanguageTag
from kalends.formats.locales import known_locale
from kalends.translation import find_language, language_for

DEFAULT: Final = "en"
MOST_READ: Final = 20


class Reader(NamedTuple):
    """What is known about the languages of a page's reader: what the browser asks for
    (`Accept-Language`, RFC 9110 12.5.4); the language that was chosen or booked in, which takes
    precedence; and the organization's, which comes last (BCP 47)."""

    accept_language: str
    own: str | None = None
    of_organization: str | None = None


UNKNOWN_READER: Final = Reader("")


@lru_cache(maxsize=2_048)
def reader_language(reader: Reader) -> str:
    """The reader's language (BCP 47, canonical): that of the words, with its country if known. A
    language without a catalogue is still used for dates and times among English words."""
    wanted = _wanted_by(reader)
    first, words = (wanted or [DEFAULT])[0], words_language(reader)
    if language_for([first]) == words:
        return first
    return next((tag for tag in wanted if find_language([tag]) == words), words)


@lru_cache(maxsize=2_048)
def words_language(reader: Reader) -> str:
    """The first of the reader's languages that has a catalogue, else English."""
    if reader.own is not None:
        return language_for([reader.own])
    return language_for([*_wanted_by(reader), reader.of_organization])


def _wanted_by(reader: Reader) -> list[str]:
    return [reader.own] if reader.own is not None else list(_readable(reader.accept_language))


@lru_cache(maxsize=512)
def locale_of(accept_language: str) -> Locale:
    """The locale of the first language in `Accept-Language` (RFC 9110 12.5.4) that Babel knows."""
    return known_locale(language_of(accept_language)) or Locale(DEFAULT)


@lru_cache(maxsize=512)
def language_of(accept_language: str) -> str:
    """The tag of that language (BCP 47, canonical)."""
    return next(_readable(accept_language), DEFAULT)


def _readable(accept_language: str) -> Iterator[str]:
    for weighted in _by_weight(accept_language[:500]):
        try:
            tag = LanguageTag.parse(weighted)
        except ValueError:
            continue
        if known_locale(tag) is not None:
            yield tag


def _by_weight(header: str) -> list[str]:
    """The tags in the header, the most preferred first, without those of weight 0."""
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
