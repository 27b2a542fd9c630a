"""Chooses the locale in which dates and times are written for a reader: that of the words around
them, with the reader's own conventions.

A date in another language among English words would look foreign. If there is no catalogue for the
reader's language, that language and the country only decide, by CLDR (Babel), whether the clock has
12 or 24 hours, the order of a date, and the first day of the week.
"""

import re
from functools import lru_cache
from typing import Final

from babel import Locale, UnknownLocaleError
from babel.core import get_global

from kalends.translation import SOURCE_LANGUAGE

# For readers of whom nothing is known.
UNKNOWN_LOCALE: Final = Locale("en", "GB")
# International English (12 hours), and European English (24 hours).
OF_12_HOURS: Final = Locale("en", "001")
OF_24_HOURS: Final = Locale("en", "150")
UNDETERMINED: Final = "und"
_QUOTED: Final = re.compile("'[^']*'")
_HOURS_OF_DAY: Final = re.compile("[Hk]")


class EnglishLocale(Locale):
    """English formats, with the first day of the week of the reader's locale."""

    def __init__(self, formats: Locale, first_week_day: int) -> None:
        super().__init__(formats.language, formats.territory, formats.script, formats.variant)
        self._begins = first_week_day
        self._hash = hash((super().__hash__(), first_week_day))

    @property
    def first_week_day(self) -> int:
        return self._begins

    def __eq__(self, other: object) -> bool:
        same = isinstance(other, EnglishLocale) and self._begins == other._begins
        return same and super().__eq__(other)

    def __hash__(self) -> int:
        return self._hash


@lru_cache(maxsize=2_048)
def locale_for(reads: str | None, language: str, country: str | None = None) -> Locale:
    """The locale among words of `language` (BCP 47), for somebody who reads `reads` or, if that is
    unknown, for most readers in the country (ISO 3166-1 alpha-2)."""
    words = known_locale(language)
    if words is not None and words.language != SOURCE_LANGUAGE:
        reader = known_locale(reads) if reads else None
        is_known = reader is not None and reader.language == words.language
        return _in_territory(reader if reader is not None and is_known else words, country)
    return english_for(reads, country)


@lru_cache(maxsize=2_048)
def english_for(reads: str | None, country: str | None = None) -> Locale:
    """The locale among English words."""
    reader = known_locale(reads) if reads else None
    if reader is None and country:
        reader = known_locale(f"{UNDETERMINED}-{country}")
    if reader is None:
        return UNKNOWN_LOCALE
    if reader.language == "en":
        return reader
    return EnglishLocale(_english_like(reader), reader.first_week_day)


def known_locale(tag: str) -> Locale | None:
    """The locale of the tag, or of its longest beginning that Babel knows."""
    parts = tag.split("-")
    for length in range(len(parts), 0, -1):
        if parts[:length] == [UNDETERMINED]:
            return None
        try:
            return Locale.parse("-".join(parts[:length]), sep="-")
        except (UnknownLocaleError, ValueError, TypeError):
            continue
    return None


def language_tag(locale: Locale) -> str:
    """The value of `lang` for a text in that locale: en-DE."""
    return str(locale).replace("_", "-")


@lru_cache(maxsize=256)
def direction_of(language: str) -> str:
    """The text direction of a language (BCP 47), as in the attribute `dir`: `ltr` or `rtl`."""
    locale = known_locale(language)
    return "ltr" if locale is None else locale.text_direction


def counts_to_24(locale: Locale) -> bool:
    """Whether the locale uses a 24-hour clock."""
    pattern = str(locale.time_formats["short"].pattern)
    return _HOURS_OF_DAY.search(_QUOTED.sub("", pattern)) is not None


def _in_territory(locale: Locale, country: str | None) -> Locale:
    """The locale with a territory, which decides where weeks begin: the country, if the language is
    read there, or else where most of its readers are (CLDR's likely subtags)."""
    if locale.territory is not None:
        return locale
    likely = str(get_global("likely_subtags").get(str(locale), locale))
    for tag in (f"{language_tag(locale)}-{country}", likely.replace("_", "-")):
        known = known_locale(tag)
        if known is not None and known.territory is not None:
            return known
    return locale


def _english_like(reader: Locale) -> Locale:
    """The English locale of the reader's own country, if it has the reader's clock."""
    own = known_locale(f"en-{reader.territory}")
    if own is not None and own.territory == reader.territory and _have_one_clock(own, reader):
        return own
    return OF_24_HOURS if counts_to_24(reader) else OF_12_HOURS


def _have_one_clock(one: Locale, other: Locale) -> bool:
    return counts_to_24(one) == counts_to_24(other)
