"""The zones of shapes: those of the pinned data, and those that a calendar describes."""

from collections.abc import Iterator
from functools import lru_cache
from typing import Final

from kalends.availability.interval import ALWAYS_BEFORE, DAY_SECONDS, Interval
from kalends.availability.recurrence.rules import last_start, starts
from kalends.availability.recurrence.shapes import CustomZone, EventZone, Observance
from kalends.availability.recurrence.steps import OutOfSteps, Steps
from kalends.availability.tzfile import Transition
from kalends.availability.wallclock import UnknownZone, Zone, zone_named, zone_of_changes

# The years for which changes by a rule are listed: events outside of them are never needed.
_FIRST: Final = 0
_LAST: Final = 84_006 * DAY_SECONDS  # 2200-01-01


def zone_of(zone: EventZone, calendar_zone: Zone) -> Zone:
    """The zone of a shape; that of the calendar if it has none, or if the pinned data does not have
    its name any more."""
    if zone is None:
        return calendar_zone
    if isinstance(zone, CustomZone):
        return _described(zone)
    try:
        return zone_named(zone)
    except UnknownZone:
        return calendar_zone


@lru_cache(maxsize=256)
def _described(zone: CustomZone) -> Zone:
    """The zone that a calendar describes. Before the first observance its `before` offset applies
    (RFC 5545 3.6.5)."""
    observances = sorted(zone.observances, key=lambda each: each.starts - each.before)
    changes = sorted(_changes(observances), key=lambda change: change.at)
    first = Transition(ALWAYS_BEFORE, observances[0].before if observances else 0)
    return zone_of_changes(repr(zone), (first, *changes))


def _changes(observances: list[Observance]) -> Iterator[Transition]:
    steps = Steps()
    for each in observances:
        try:
            for wall in _onsets(each, steps):
                yield Transition(wall - each.before, each.after)
        except OutOfSteps:
            return


def _onsets(observance: Observance, steps: Steps) -> Iterator[int]:
    yield observance.starts
    yield from observance.more
    for rule in observance.rules:
        until = last_start(rule, observance.before)
        yield from starts(rule, observance.starts, Interval(_FIRST, min(_LAST, until + 1)), steps)
