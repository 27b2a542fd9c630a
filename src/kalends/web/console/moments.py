"""Reads an instant from a form: given as an instant, or as a day and a time of day."""

import re
from datetime import UTC, datetime
from typing import Final

from kalends.availability.wallclock import Zone, wall_midnight
from kalends.domain.errors import Invalid
from kalends.domain.values import Day, Instant
from kalends.translation import gettext
from kalends.web.pages import clock_words
from kalends.web.pages.forms import FormFields

_TIME: Final = re.compile(r"([01]\d|2[0-3]):([0-5]\d)")


class AmbiguousTime(Invalid):
    """The clock shows the time twice on that day; `instants` has both."""

    def __init__(self, message: str, instants: list[datetime]) -> None:
        super().__init__(message)
        self.instants = instants


def moment_in(form: FormFields, zone: Zone) -> datetime:
    """The instant in `start`, or else that of `day` and `time` on the zone's clock.

    Raises Invalid if neither is given or the clock skips that time, and AmbiguousTime if the clock
    shows it twice.
    """
    if form.text("start"):
        try:
            return Instant.parse(form.text("start"))
        except ValueError:
            raise Invalid(gettext("Please choose a day and a time.")) from None
    matched = _TIME.fullmatch(form.text("time"))
    try:
        day = Day.parse(form.text("day"))
    except ValueError:
        raise Invalid(gettext("Please choose a day and a time.")) from None
    if matched is None:
        raise Invalid(gettext("Please choose a day and a time."))
    wall = wall_midnight(day) + int(matched[1]) * 3600 + int(matched[2]) * 60
    instants = [datetime.fromtimestamp(span.start, UTC) for span in zone.instants(wall, wall + 1)]
    if not instants:
        raise Invalid(
            gettext(
                "There is no {time} on this day: the clock goes forward over it.", time=matched[0]
            )
        )
    if len(instants) > 1:
        offsets = [clock_words.offset_of(clock_words.seconds_of(one), zone) for one in instants]
        twice = gettext(
            "The clock shows {time} twice on this day, at {first} and at {second}. "
            "Please choose which one is meant.",
            time=matched[0],
            first=offsets[0],
            second=offsets[1],
        )
        raise AmbiguousTime(twice, instants)
    return instants[0]
