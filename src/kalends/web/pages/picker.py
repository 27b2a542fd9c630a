"""The time picker: a month with its free days, and the times of one day."""

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

# How far ahead times are offered if the event type has no horizon of its own.
FARTHEST_OFFERED: Final = timedelta(days=730)
# How far ahead the next free day is searched if a month has none.
LOOK_AHEAD: Final = timedelta(days=120)
# A month that ends in fewer days than this is shown with the first days of the next one.
ENDING: Final = timedelta(days=7)
ListTimes = Callable[[SlotRange], Awaitable[ListedSlots]]


@dataclass(frozen=True)
class PickerDay:
    """A cell of the month. `free` is the number of its free times; `is_next` says that it is in the
    next month. A day in neither only fills up its week."""

    day: date
    is_in_month: bool
    is_next: bool
    free: int
    is_chosen: bool
    is_today: bool


@dataclass(frozen=True)
class TimeChoice:
    """A time to choose. `offset` is set if the clock shows this time twice on that day;
    `has_further` if another session can open when the last seat of this one is taken."""

    starts_at: str
    text: str
    offset: str | None
    seats_left: int
    has_further: bool


@dataclass(frozen=True, kw_only=True)
class Picker:
    """A month, and the chosen day in it with its times. `next_free` is a free day in a later month,
    if this one has none."""

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
    """The first and last day that can be shown, both included."""

    today: date
    last: date

    @classmethod
    def of(cls, now: int, zone: Zone, max_days_ahead: int | None) -> "Bounds":
        """The bounds by the horizon and one more day, as it is counted in the schedule's zone."""
        today = local_day(now, zone)
        ahead = FARTHEST_OFFERED if max_days_ahead is None else timedelta(days=max_days_ahead + 1)
        return cls(today=today, last=today + min(ahead, FARTHEST_OFFERED))

    def month_of(self, day: date) -> date:
        """The first day of the month that the day is in, within the bounds."""
        return min(max(day, self.today), self.last).replace(day=1)

    def last_shown(self, first: date, locale: Locale) -> date:
        """The last day to show: that of the month or, if the month is about to end, a later one."""
        last = _month_after(first) - timedelta(days=1)
        if not first <= self.today <= last or last - self.today >= ENDING:
            return last
        return clock_words.weeks_of(last + ENDING, locale.first_week_day)[0][-1]

    def span(self, first: date, last: date, zone: Zone) -> SlotRange:
        """The part of these days that is within the bounds."""
        start, end = max(first, self.today), min(last, self.last)
        return SlotRange(start=start, end=max(start, end), timezone=zone.name)


async def pick(
    list_times: ListTimes, query: FormFields, zone: Zone, bounds: Bounds, locale: Locale
) -> Picker:
    """The picker for the month and day in the query (`month=2026-12`, `day=2026-12-03`), if these
    can be shown; else for those of the first free time."""
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
    """The slots as times to choose from."""
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
    """Slots in ascending order, by their local days. A month has a thousand, so no objects are made
    for those that are only counted. A day may have two parts, if the clock is set back over
    midnight."""

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
        """The first day with slots, if it is before `end`."""
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
    """The whole weeks that the days are in."""
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
        if week[-1] >= bounds.today  # past weeks only take up room
    ]


def _weeks_to(first: date, last: date, locale: Locale) -> Sequence[Sequence[date]]:
    weeks = [*clock_words.weeks_of(first, locale.first_week_day)]
    while weeks[-1][-1] < last:
        weeks.append([day + timedelta(days=7) for day in weeks[-1]])
    return weeks


def start_in(form: FormFields) -> datetime:
    """The chosen time. Raises Invalid."""
    try:
        return Instant.parse(form.text("start"))
    except ValueError:
        raise Invalid(gettext("No time was chosen. Please go back and choose one.")) from None


def _month_after(first: date) -> date:
    return (first + timedelta(days=31)).replace(day=1)


def _month_before(first: date) -> date:
    return (first - timedelta(days=1)).replace(day=1)


def _day(text: str | None) -> date | None:
    """The day in a URL's parameter; None if that is missing. Raises Invalid."""
    if not text:
        return None
    try:
        return Day.parse(text)
    except ValueError:
        raise Invalid.field("day", "must be a day, such as 2026-12-01") from None
