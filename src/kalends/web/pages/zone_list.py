"""The list of time zones, which people search by city, country, offset or former name.

Names are CLDR's (Babel), countries those of the pinned time-zone data.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import cache, lru_cache
from typing import Final, NamedTuple
from unicodedata import normalize

from babel import Locale
from markupsafe import Markup

from kalends.availability.wallclock import Zone, zone_named
from kalends.formats.countries import countries_by_zone, zone_links
from kalends.web.pages import clock_words

# Offsets of zones are multiples of a quarter of an hour, and only change at one.
QUARTER_SECONDS: Final = 15 * 60
ENGLISH: Final = Locale("en")
COMMAS: Final = {"ar": "، ", "ja": "、"}
# Common short names of countries, which CLDR has as variants that Babel leaves out.
ALSO_CALLED: Final = {"AE": "UAE", "GB": "UK", "US": "USA"}
_NAME: Final = Markup('<option value="{}" data-offset="')
_ALSO: Final = Markup(' data-also="{}"')


class _Option(NamedTuple):
    """The constant parts of an option's HTML; the offset in minutes is between them."""

    zone: Zone
    begins: Markup
    goes_on: Markup
    names_offset: bool


@dataclass(frozen=True)
class ZoneOptions:
    """The HTML options of a list of zones, made when a page shows them.

    Each has its name in the language of the page (`words`) and its current offset. `data-also` has
    its other names, in English and in the visitor's language (`locale`), and `data-offset` the
    offset in minutes.
    """

    now: datetime
    locale: Locale
    words: Locale = ENGLISH

    def __html__(self) -> str:
        return _options(int(self.now.timestamp()) // QUARTER_SECONDS, self.locale, self.words)


def load_zones() -> None:
    """Loads the rules and names of all zones, which takes a while and is kept for good. It should
    be called before anybody waits for a page."""
    _offsets(0)
    _written(ENGLISH, ENGLISH)


@lru_cache(maxsize=32)
def _options(quarter: int, locale: Locale, words: Locale) -> Markup:
    offsets = _offsets(quarter)
    parts: list[str] = []
    for option in _written(locale, words):
        minutes, offset = offsets[option.zone.name]
        offset_text = f" ({offset})" if option.names_offset else ""
        parts += (option.begins, str(minutes), option.goes_on, offset_text, "</option>")
    return Markup("".join(parts))


@lru_cache(maxsize=2)
def _offsets(quarter: int) -> dict[str, tuple[int, str]]:
    """The UTC offset of each zone, in minutes and as text."""
    now = quarter * QUARTER_SECONDS
    zones = map(zone_named, clock_words.zone_choices())
    return {z.name: (z.offset_at(now) // 60, clock_words.offset_of(now, z)) for z in zones}


@lru_cache(maxsize=64)
def _written(locale: Locale, words: Locale) -> list[_Option]:
    """The options of a language, sorted by label, without the offsets."""
    labels = {name: label_of(name, words) for name in clock_words.zone_choices()}
    in_order = sorted(labels, key=lambda name: normalize("NFKD", labels[name]))
    return [_option(name, labels[name], locale) for name in in_order]


def _option(name: str, label: str, locale: Locale) -> _Option:
    also = " ".join(sorted(_other_names(name, label, locale)))
    goes_on = Markup('"') + (_ALSO.format(also) if also else "") + Markup(">") + label
    return _Option(zone_named(name), _NAME.format(name), goes_on, label != "UTC")


def label_of(name: str, words: Locale) -> str:
    """The label of a zone: Kyiv, Ukraine."""
    country = countries_by_zone().get(name)
    city = _city(name, words)
    comma = COMMAS.get(words.language, ", ")
    return f"{city}{comma}{words.territories.get(country, country)}" if country else city


def _city(name: str, locale: Locale) -> str:
    city = locale.time_zones.get(name, {}).get("city")
    return str(city or name.rpartition("/")[2].replace("_", " "))


def _other_names(name: str, label: str, locale: Locale) -> Iterator[str]:
    """Names that are neither in the label nor in the zone's name: its former names, and those of
    city and country in English and in the visitor's language."""
    country = countries_by_zone().get(name)
    others = [*_former_names().get(name, ()), _city(name, locale), _city(name, ENGLISH)]
    if country:
        others.append(ALSO_CALLED.get(country, ""))
        others += [str(one.territories.get(country, "")) for one in (locale, ENGLISH)]
    label_words = f"{label} {name}".lower()
    words = {word for other in others for word in other.replace("_", " ").split("/")}
    return (word for word in words if word and word.lower() not in label_words)


@cache
def _former_names() -> dict[str, list[str]]:
    """The former names of zones, by their current names."""
    former: dict[str, list[str]] = {}
    for link, target in zone_links().items():
        if link not in countries_by_zone():
            former.setdefault(target, []).append(link)
    return former
