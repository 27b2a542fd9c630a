"""Countries by their names (CLDR, by Babel)."""

from collections.abc import Sequence
from functools import lru_cache

from kalends.formats.countries import country_codes
from kalends.formats.locales import UNKNOWN_LOCALE, known_locale


@lru_cache(maxsize=16)
def countries(language: str) -> Sequence[tuple[str, str]]:
    """The code of each country and its name in the language (BCP 47), sorted by name."""
    names = (known_locale(language) or UNKNOWN_LOCALE).territories
    named = [(code, str(names.get(code, code))) for code in country_codes()]
    return sorted(named, key=lambda country: country[1])
