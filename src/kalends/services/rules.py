"""What a schedule's rules say of a time, in the order in which the API names them."""

from datetime import UTC, date, datetime, timedelta
from typing import Final
from uuid import UUID

from kalends.availability import hours, wallclock
from kalends.availability.interval import Interval
from kalends.domain.errors import Detail
from kalends.domain.schedule import WEEKDAYS, Schedule, Window

ORDER: Final = (
    "INACTIVE",
    "TOO_SHORT_NOTICE",
    "TOO_FAR_AHEAD",
    "OUTSIDE_AVAILABILITY",
    "NOT_A_SLOT",
    "BUSY",
    "LIMIT_REACHED",
)
MOST_BUILT: Final = 10_000
_built: dict[tuple[UUID, int, datetime], hours.Hours] = {}


def refusals(
    schedule: Schedule,
    starts_at: datetime,
    ends_at: datetime,
    *,
    now: datetime,
    is_busy: bool,
    starts_that_day: int,
) -> list[Detail]:
    """Every rule of the schedule that refuses `[starts_at, ends_at)`, in the order of ORDER."""
    limits = schedule.booking_limits
    notice = limits.min_notice_hours
    found = refusals_despite_override(schedule)
    if notice is not None and starts_at < now + timedelta(hours=notice):
        found.append(_refusal("TOO_SHORT_NOTICE", f"needs {notice:g} hours of notice"))
    if not _is_open(schedule, starts_at, ends_at):
        found.append(_refusal("OUTSIDE_AVAILABILITY", "is not open for all of this time"))
    if is_busy:
        found.append(_refusal("BUSY", "is busy at this time"))
    if limits.max_per_day is not None and starts_that_day >= limits.max_per_day:
        found.append(_refusal("LIMIT_REACHED", f"takes {limits.max_per_day} bookings a day"))
    return found


def refusals_despite_override(schedule: Schedule) -> list[Detail]:
    """What refuses even where the caller overrides the rules of availability."""
    if schedule.is_active:
        return []
    return [Detail("schedule_id", "The schedule is not active.", "INACTIVE")]


def in_order(detail: Detail) -> int:
    return ORDER.index(str(detail.code))


def day_of(moment: datetime, zone_name: str) -> tuple[datetime, datetime]:
    """The bounds of the local day that holds the moment, `[start, end)`."""
    zone = wallclock.zone_named(zone_name)
    return bounds_of(wallclock.local_day(_seconds(moment), zone), zone_name)


def bounds_of(day: date, zone_name: str) -> tuple[datetime, datetime]:
    """The first instant of a local day, and the first after it."""
    span = wallclock.day_bounds(day, wallclock.zone_named(zone_name))
    return datetime.fromtimestamp(span.start, UTC), datetime.fromtimestamp(span.end, UTC)


def wall_clock_of(moment: datetime, zone_name: str) -> str:
    """The local time of a moment, `YYYY-MM-DDTHH:MM:SS`."""
    zone = wallclock.zone_named(zone_name)
    return wallclock.wall_clock(_seconds(moment), zone).isoformat(timespec="seconds")


def _is_open(schedule: Schedule, starts_at: datetime, ends_at: datetime) -> bool:
    zone = wallclock.zone_named(schedule.timezone)
    span = Interval(_seconds(starts_at), _seconds(ends_at))
    return hours.is_open_throughout(hours_of(schedule), zone, span)


def hours_of(schedule: Schedule) -> hours.Hours:
    """The schedule's hours as the engine takes them; built once for each state of a schedule."""
    key = (schedule.id, schedule.version, schedule.updated_at)
    if key not in _built:
        if len(_built) >= MOST_BUILT:
            _built.clear()
        _built[key] = _build_hours(schedule)
    return _built[key]


def _build_hours(schedule: Schedule) -> hours.Hours:
    if schedule.availability is None:
        weekly = hours.ALWAYS_OPEN.weekly
    else:
        weekly = tuple(_windows(schedule.availability.get(day, [])) for day in WEEKDAYS)
    overrides = {
        date.fromisoformat(day): _windows(given) for day, given in schedule.overrides.items()
    }
    return hours.Hours(weekly, overrides)


def _windows(given: Window | list[Window]) -> tuple[hours.Window, ...]:
    listed = [given] if isinstance(given, Window) else given
    return tuple(hours.Window(_minutes(w.start), _minutes(w.end)) for w in listed)


def _minutes(text: str) -> int:
    return int(text[:2]) * 60 + int(text[3:])


def _seconds(moment: datetime) -> int:
    return int(moment.timestamp())


def _refusal(code: str, message: str) -> Detail:
    return Detail("start_time", f"The schedule {message}.", code)
