"""When a user's agenda is due: once for each day of the user's zone, at its `agenda_at`.

Where daylight saving time skips that time of day, it is read with the offset before the change;
where it comes twice, the first counts.
"""

from datetime import UTC, date, datetime, time, timedelta
from typing import Final, NamedTuple

from kalends.availability.wallclock import Zone, local_day, wall_midnight

ONE_DAY: Final = timedelta(days=1)


class DueAgenda(NamedTuple):
    """The day whose agenda is due now, or None, and when to check again."""

    day: date | None
    look_at: datetime


def decide_agenda(agenda_at: time, sent_on: date | None, zone: Zone, now: datetime) -> DueAgenda:
    """`sent_on` is the last day whose agenda is settled: it gets no second one, even if the user
    has changed zone or time since."""
    today = local_day(int(now.timestamp()), zone)
    if sent_on is not None and sent_on >= today:
        return DueAgenda(None, moment_of(sent_on + ONE_DAY, agenda_at, zone))
    at = moment_of(today, agenda_at, zone)
    if now < at:
        return DueAgenda(None, at)
    return DueAgenda(today, moment_of(today + ONE_DAY, agenda_at, zone))


def moment_of(day: date, at: time, zone: Zone) -> datetime:
    """The instant of a wall-clock time on a day in the zone."""
    wall = wall_midnight(day) + at.hour * 3600 + at.minute * 60
    return datetime.fromtimestamp(zone.instant_of(wall), UTC)
