"""Choosing a time: a month with its free days, and the times of one day."""

from bisect import bisect_left
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final

from babel import Locale

from kalends.availability.interval import Interval
from kalends.availability.slots import Slot, Slots
from kalends.availability.wallclock import EPOCH_DAY, Zone, local_day
from kalends.domain.errors import Invalid
from kalends.domain.values import Day, Instant
from kalends.scheduling.slots import ListedSlots, SlotRange
from kalends.translation import gettext
from kalends.web.pages import clock_words
from kalends.web.pages.forms import FormFields

# Without a horizon of the event type's own, this far ahead.
FARTHEST_OFFERED: Final = timedelta(days=730)
# How far is looked for the next free day where a month has none.
LOOK_AHEAD: Final = timedelta(days=120)
# A month that ends in fewer days than this has the first days of the next one behind it.
ENDING: Final = timedelta(days=7)
ListTimes = Callable[[SlotRange], Awaitable[ListedSlots]]


@dataclass(frozen=True)
class PickerDay:
    """A day of the month's table. `free` is how many times it has; `is_next` is one of the next
    month. What is neither in the month nor of the next only fills its week."""

    day: date
    is_in_month: bool
    is_next: bool
    free: int
    is_chosen: bool
    is_today: bool


@dataclass(frozen=True)
class TimeChoice:
    """A time to choose. `offset` is given where the clock shows this time twice that day;
    `has_further`, where the last seat of its session is not the last one."""

    starts_at: str
    text: str
    offset: str | None
    seats_left: int
    has_further: bool


@dataclass(frozen=True, kw_only=True)
class Picker:
    """A month, and the chosen day in it with its times. `next_free` is a day in a later month,
    where this one has none."""

    zone: Zone
    first: date
    weeks: Sequence[Sequence[PickerDay]]
    weekdays: Sequence[tuple[int, str, str]]
    previous_month: date | None
    next_month: date | None
    chosen: date | None
    times: Sequence[TimeChoice]
    next_free: date | None

    @property
    def is_clock_going_back(self) -> bool:
        return any(time.offset for time in self.times)


@dataclass(frozen=True, kw_only=True)
class Bounds:
    """The days that can be looked at, both included."""

    today: date
    last: date

    @classmethod
    def of(cls, now: int, zone: Zone, max_days_ahead: int | None) -> "Bounds":
        """One day more than the horizon: it is counted in the schedule's zone."""
        today = local_day(now, zone)
        ahead = FARTHEST_OFFERED if max_days_ahead is None else timedelta(days=max_days_ahead + 1)
        return cls(today=today, last=today + min(ahead, FARTHEST_OFFERED))

    def month_of(self, day: date) -> date:
        """The first of the month of the day, within the bounds."""
        return min(max(day, self.today), self.last).replace(day=1)

    def last_shown(self, first: date, locale: Locale) -> date:
        """The last day of that month, or where it is about to end that of a later week."""
        last = _month_after(first) - timedelta(days=1)
        if not first <= self.today <= last or last - self.today >= ENDING:
            return last
        return clock_words.weeks_of(last + ENDING, locale.first_week_day)[0][-1]

    def span(self, first: date, last: date, zone: Zone) -> SlotRange:
        """What of these days lies within the bounds."""
        start, end = max(first, self.today), min(last, self.last)
        return SlotRange(start=start, end=max(start, end), timezone=zone.name)


async def pick(
    list_times: ListTimes, query: FormFields, zone: Zone, bounds: Bounds, locale: Locale
) -> Picker:
    """The month and day that are asked for (`month=2026-12`, `day=2026-12-03`) where they can be
    looked at; else those of the first free time."""
    day = _day(query.get("day"))
    month = _day(f"{query['month']}-01") if query.get("month") else None
    asked = month or day
    first = bounds.month_of(asked or bounds.today)
    is_shown = asked is not None and asked.replace(day=1) == first
    last = bounds.last_shown(first, locale)
    slots = (await list_times(bounds.span(first, last, zone))).slots
    next_free = None
    if not slots or local_day(slots[0].start, zone) >= _month_after(first):
        next_free = await _next_free(list_times, first, zone, bounds)
        if next_free is not None and not is_shown:
            first, next_free = next_free.replace(day=1), None
            last = bounds.last_shown(first, locale)
            slots = (await list_times(bounds.span(first, last, zone))).slots
    by_day = _ByDay(slots, zone)
    if day is None or (day.year, day.month) != (first.year, first.month):
        day = by_day.first_before(_month_after(first))
    return Picker(
        zone=zone,
        first=first,
        weeks=_weeks(first, last, by_day, day, bounds, locale),
        weekdays=clock_words.week_from(locale),
        previous_month=_month_before(first) if first > bounds.today else None,
        next_month=_month_after(first) if _month_after(first) <= bounds.last else None,
        chosen=day,
        times=times_of(by_day.of(day), zone, locale),
        next_free=next_free,
    )


def times_of(slots: Iterable[Slot], zone: Zone, locale: Locale) -> list[TimeChoice]:
    """Slots as they are shown."""
    return [
        TimeChoice(
            starts_at=clock_words.iso(slot.start),
            text=clock_words.time_of(slot.start, zone, locale),
            offset=clock_words.offset_if_twice(slot.start, zone),
            seats_left=slot.seats_left,
            has_further=slot.has_further,
        )
        for slot in slots
    ]


async def _next_free(list_times: ListTimes, first: date, zone: Zone, bounds: Bounds) -> date | None:
    start = _month_after(first)
    if start > bounds.last:
        return None
    ahead = (await list_times(bounds.span(start, start + LOOK_AHEAD, zone))).slots
    return local_day(ahead[0].start, zone) if ahead else None


class _ByDay:
    """Slots, ascending, by their local days. A month has a thousand, so nothing is made of those
    that are only counted. A day may have two parts, where the clock goes back over midnight."""

    def __init__(self, slots: Sequence[Slot], zone: Zone) -> None:
        self._slots = slots
        self._parts: dict[date, list[slice]] = {}
        starts = slots.starts if isinstance(slots, Slots) else [slot.start for slot in slots]
        if not starts:
            return
        for day, begins, ends in zone.days_in(Interval(starts[0], starts[-1] + 1)):
            part = slice(bisect_left(starts, begins), bisect_left(starts, ends))
            if part.start < part.stop:
                at = date.fromordinal(EPOCH_DAY + day)
                self._parts.setdefault(at, []).append(part)

    def first_before(self, end: date) -> date | None:
        """The first of them that is before that day."""
        first = min(self._parts, default=end)
        return first if first < end else None

    def count(self, day: date) -> int:
        return sum(part.stop - part.start for part in self._parts.get(day, ()))

    def of(self, day: date | None) -> list[Slot]:
        parts = self._parts.get(day, ()) if day else ()
        return [slot for part in parts for slot in self._slots[part]]


def _weeks(
    first: date, last: date, by_day: _ByDay, chosen: date | None, bounds: Bounds, locale: Locale
) -> list[list[PickerDay]]:
    """Those that the days touch, whole."""
    return [
        [
            PickerDay(
                day=day,
                is_in_month=day.month == first.month,
                is_next=_month_after(first) <= day <= last,
                free=by_day.count(day),
                is_chosen=day == chosen,
                is_today=day == bounds.today,
            )
            for day in week
        ]
        for week in _weeks_to(first, last, locale)
        if week[-1] >= bounds.today  # what is past only takes room
    ]


def _weeks_to(first: date, last: date, locale: Locale) -> Sequence[Sequence[date]]:
    weeks = [*clock_words.weeks_of(first, locale.first_week_day)]
    while weeks[-1][-1] < last:
        weeks.append([day + timedelta(days=7) for day in weeks[-1]])
    return weeks


def start_in(form: FormFields) -> datetime:
    """The time that was chosen. Raises Invalid."""
    try:
        return Instant.parse(form.text("start"))
    except ValueError:
        raise Invalid(gettext("No time was chosen. Please go back and choose one.")) from None


def _month_after(first: date) -> date:
    return (first + timedelta(days=31)).replace(day=1)


def _month_before(first: date) -> date:
    return (first - timedelta(days=1)).replace(day=1)


def _day(text: str | None) -> date | None:
    """A day as it stands in a URL; None for none. Raises Invalid."""
    if not text:
        return None
    try:
        return Day.parse(text)
    except ValueError:
        raise Invalid.field("day", "must be a day, such as 2026-12-01") from None
