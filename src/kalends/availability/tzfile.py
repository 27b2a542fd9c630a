"""Reads the compiled time-zone files of the pinned `tzdata` package (TZif, RFC 9636).

It uses neither the operating system's data nor `zoneinfo`, which prefers the system's, and which
tells the offset of an instant but not when it changes.
"""

import re
from collections.abc import Iterator, Sequence
from datetime import date
from functools import cache
from importlib import resources
from struct import calcsize, unpack_from
from typing import Final, NamedTuple

from kalends.availability.interval import ALWAYS_BEFORE, DAY_SECONDS

# Transitions are listed up to the end of this year, one after the last that the API accepts.
LAST_TRANSITION_YEAR: Final = 2200

_HEADER: Final = ">4s1s15x6l"
_EPOCH: Final = date(1970, 1, 1).toordinal()
_RULE: Final = re.compile(
    r"(?:[A-Za-z]{3,}|<[^>]+>)(?P<standard>[-+:\d]+)"
    r"(?:(?:[A-Za-z]{3,}|<[^>]+>)(?P<saving>[-+:\d]*),(?P<begins>[^,]+),(?P<ends>[^,]+))?"
)


class Transition(NamedTuple):
    """From the instant `at` (epoch seconds) on, local time is UTC plus `offset` seconds."""

    at: int
    offset: int


@cache
def zone_names() -> frozenset[str]:
    """Every IANA name in the pinned data, canonical names and links."""
    return frozenset(resources.files("tzdata").joinpath("zones").read_text("ascii").split())


def read_transitions(name: str) -> tuple[Transition, ...]:
    """Every change of the offset of a zone in `zone_names()`, ascending.

    The first lies before every instant, the last at the end of LAST_TRANSITION_YEAR or before.
    """
    file = resources.files("tzdata").joinpath("zoneinfo", *name.split("/"))
    return _without_repeats(_parse(file.read_bytes()))


def _parse(data: bytes) -> Iterator[Transition]:
    """The transitions in the second block of a TZif file, which has 64-bit instants, and those by
    the rule at its end."""
    at = calcsize(_HEADER) + _size_of_block(data, 0, instant_size=4)
    _, _, _, _, _, times, types, _ = unpack_from(_HEADER, data, at)
    end = at + calcsize(_HEADER) + _size_of_block(data, at, instant_size=8)
    at += calcsize(_HEADER)
    instants: Sequence[int] = unpack_from(f">{times}q", data, at)
    kinds = data[at + 8 * times : at + 9 * times]
    offsets = [unpack_from(">l", data, at + 9 * times + 6 * i)[0] for i in range(types)]

    yield Transition(ALWAYS_BEFORE, offsets[0])
    yield from (Transition(t, offsets[k]) for t, k in zip(instants, kinds, strict=True))
    last = instants[-1] if instants else ALWAYS_BEFORE
    yield from (t for t in transitions_by_rule(data[end + 1 : -1].decode("ascii")) if t.at > last)


def _size_of_block(data: bytes, at: int, instant_size: int) -> int:
    """The size in bytes of a data block after its header (RFC 9636 3.2)."""
    magic, _, utc, wall, leaps, times, types, letters = unpack_from(_HEADER, data, at)
    if magic != b"TZif":
        raise ValueError("not a TZif file")
    leap_size = instant_size + 4
    return int(times * (instant_size + 1) + types * 6 + letters + leaps * leap_size + utc + wall)


@cache
def transitions_by_rule(rule: str) -> tuple[Transition, ...]:
    """The transitions of a POSIX TZ string (RFC 9636 3.3.1), for all years. Cached, since many
    zones share a rule. Raises ValueError for an invalid one."""
    match = _RULE.fullmatch(rule)
    if match is None:
        raise ValueError(f"{rule!r} is not a POSIX time-zone rule")
    if match["begins"] is None:
        return ()
    standard = -_seconds(match["standard"])
    saving = -_seconds(match["saving"]) if match["saving"] else standard + 3600
    pairs = (
        (
            Transition(_wall_clock(match["begins"], year) - standard, saving),
            Transition(_wall_clock(match["ends"], year) - saving, standard),
        )
        for year in range(1970, LAST_TRANSITION_YEAR + 1)
    )
    return tuple(transition for pair in pairs for transition in sorted(pair))


def _wall_clock(rule: str, year: int) -> int:
    """When `Mm.w.d/time`, `Jn/time` or `n/time` falls in a year, as if local time were UTC."""
    day, _, time = rule.partition("/")
    return (_day_of(day, year) - _EPOCH) * DAY_SECONDS + _seconds(time or "2")


def _day_of(rule: str, year: int) -> int:
    """The ordinal of the day that a rule names in a year."""
    new_year = date(year, 1, 1).toordinal()
    if rule.startswith("J"):  # 1 to 365, 29 February never counted
        day = int(rule[1:])
        return new_year + day - 1 + (day > 59 and _has_leap_day(year))
    if not rule.startswith("M"):  # 0 to 365, 29 February counted
        return new_year + int(rule)
    month, week, weekday = map(int, rule[1:].split("."))
    first = date(year, month, 1)
    ordinal = first.toordinal() + (weekday - first.isoweekday()) % 7 + 7 * (week - 1)
    is_past_the_month = date.fromordinal(ordinal).month != month
    return ordinal - 7 if is_past_the_month else ordinal


def _has_leap_day(year: int) -> bool:
    return date(year, 3, 1).toordinal() - date(year, 2, 28).toordinal() == 2


def _seconds(text: str) -> int:
    """`[+-]h[h[h]][:mm[:ss]]` in seconds."""
    parts = zip(text.lstrip("+-").split(":"), (3600, 60, 1), strict=False)
    size = sum(int(number) * unit for number, unit in parts)
    return -size if text.startswith("-") else size


def _without_repeats(transitions: Iterator[Transition]) -> tuple[Transition, ...]:
    """The transitions without those that change only the name of the time, or whether it is
    daylight saving."""
    distinct: list[Transition] = []
    for transition in transitions:
        if not distinct or distinct[-1].offset != transition.offset:
            distinct.append(transition)
    return tuple(distinct)
