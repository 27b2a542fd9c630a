"""Countries by their names (CLDR, by Babel)."""

from collections.abc import Sequence
from functools import cache

from babel import Locale

from kalends.formats.countries import country_codes

ENGLISH = Locale("en")


@cache
def countries() -> Sequence[tuple[str, str]]:
    """Each country's code and name, by name."""
    named = [(code, name_of(code)) for code in country_codes()]
    return sorted(named, key=lambda country: country[1])


def name_of(code: str) -> str:
    """What the country is called in English; its code where it has no name."""
    return str(ENGLISH.territories.get(code, code))
