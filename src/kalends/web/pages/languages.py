"""Which language a visitor reads, for dates and times. The interface itself is in English."""

from functools import lru_cache
from typing import Final

from babel import Locale, UnknownLocaleError

DEFAULT: Final = Locale("en")
MOST_READ: Final = 20


@lru_cache(maxsize=512)
def locale_of(accept_language: str) -> Locale:
    """The first language of `Accept-Language` (RFC 9110 12.5.4) that there are dates in."""
    for tag in _by_weight(accept_language[:500]):
        locale = _locale(tag)
        if locale is not None:
            return locale
    return DEFAULT


def _by_weight(header: str) -> list[str]:
    """The tags, the most wanted first; those of weight 0 are not wanted at all."""
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


def _locale(tag: str) -> Locale | None:
    parts = tag.split("-")
    for length in range(len(parts), 0, -1):
        try:
            return Locale.parse("-".join(parts[:length]), sep="-")
        except (UnknownLocaleError, ValueError, TypeError):
            continue
    return None
