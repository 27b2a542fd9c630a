"""Countries by their ISO 3166-1 alpha-2 codes, and the country of each time zone, from the pinned
time-zone data."""

from functools import cache
from importlib import resources


@cache
def country_codes() -> frozenset[str]:
    """All codes: DE, US, …"""
    return frozenset(row[0] for row in _table("iso3166.tab"))


@cache
def countries_by_zone() -> dict[str, str]:
    """The country of each zone that is in use in one."""
    return {row[2]: row[0] for row in _table("zone.tab")}


@cache
def zone_links() -> dict[str, str]:
    """The zone behind each name that is a link to it (`L` lines, zic(8))."""
    lines = (line.split() for line in _text("tzdata.zi").splitlines() if line.startswith("L "))
    return {name: target for _, target, name in lines}


def country_of_zone(name: str) -> str | None:
    """The country of the zone, which may be a former name; None for UTC and the like."""
    countries = countries_by_zone()
    return countries.get(name) or countries.get(zone_links().get(name, ""))


def _table(name: str) -> list[list[str]]:
    lines = _text(name).splitlines()
    return [line.split("\t") for line in lines if line and not line.startswith("#")]


def _text(name: str) -> str:
    return resources.files("tzdata").joinpath("zoneinfo", name).read_text("utf-8")
