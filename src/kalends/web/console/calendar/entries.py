"""The HTML of the bookings in the columns of the calendar.

It is written in Python and not in a template: a week of twenty schedules has 700 bookings, for
which a template takes three times as long as for all the rest of the page.
"""

import re
from collections.abc import Mapping
from datetime import datetime
from functools import cached_property
from typing import Final
from uuid import UUID

from babel import Locale
from markupsafe import Markup, escape

from kalends.availability.wallclock import Zone
from kalends.domain.agenda import AgendaBooking
from kalends.domain.booking import MOVABLE, Status
from kalends.domain.ids import BOOKING, encode_id
from kalends.domain.schedule import Schedule
from kalends.formats.inert import without_bidi
from kalends.formats.locales import counts_to_24, language_tag
from kalends.formats.times import clock_text
from kalends.web.console.calendar.grid import Column, Sheet
from kalends.web.console.calendar.lanes import Block
from kalends.web.pages import clock_words, labels

MINUTES_A_DAY: Final = 1_440
_NOT_PLAIN: Final = re.compile(r"[^ 0-9A-Za-z.,:;()/@+_À-ÿ-]")
SECONDS_A_MINUTE: Final = 60
# Where the seconds end in the ISO form of an instant in UTC.
SECONDS_END: Final = len("2026-12-01T10:00:00")
# The fewest rows (of five minutes) that have room for so many lines of text. With room for four
# lines a name may take two, unless the status is shown too.
ROWS_OF_TWO_LINES: Final = 6
ROWS_OF_THREE_LINES: Final = 9
ROWS_OF_FOUR_LINES: Final = 12
# If a column, one of several, has more lanes than this, only the start fits beside a name.
WIDE_LANES: Final = 1
SLIM_LANES: Final = 2
WIDE_COLUMNS: Final = 2


class EntryWriter:
    """Writes the bookings of one sheet. `known` are the schedules whose names and colours may be
    shown; the column of a single schedule repeats neither."""

    def __init__(
        self,
        sheet: Sheet,
        zone: Zone,
        locale: Locale,
        root: str,
        known: Mapping[UUID, Schedule],
        *,
        names_schedules: bool,
    ) -> None:
        self._zone, self._locale, self._root = zone, locale, root
        self._names_schedules = names_schedules
        self._is_narrow = len(sheet.columns) > WIDE_COLUMNS
        # A narrow column has no room for two times with AM and PM.
        self._brief = " brief" if self._is_narrow and not counts_to_24(locale) else ""
        self._colors = {id_: f" c-{one.color}" for id_, one in known.items()}
        self._names = {id_: _isolated(one.name) for id_, one in known.items()}
        self._times: dict[int, str] = {}
        self._whats: dict[tuple[str | None, UUID], str] = {}
        self._day_language = escape(language_tag(locale))

    def blocks(self, column: Column) -> Markup:
        """The bookings of a column, as list items."""
        is_by_schedule = column.schedule is not None and not self._names_schedules
        return Markup("".join([self._block(one, is_by_schedule) for one in column.blocks]))

    def _block(self, block: Block, is_by_schedule: bool) -> str:
        booking = block.booking
        classes = _place(block) + self._height_and_width(block)
        if not is_by_schedule:
            classes += self._colors.get(booking.schedule_id, "")
        if booking.conflict:
            classes += " conflict"
        id_ = encode_id(BOOKING, booking.id)
        return (
            f'<li class="block {classes} status-{booking.status.lower()}"{_data(block, id_)}>'
            f"{self._link(booking, id_)}</li>\n"
        )

    def _height_and_width(self, block: Block) -> str:
        height = ""
        if block.rows >= ROWS_OF_FOUR_LINES and block.booking.status is Status.CONFIRMED:
            height = " high"
        if block.rows < ROWS_OF_THREE_LINES:
            height = " short" if block.rows < ROWS_OF_TWO_LINES else " half"
            height += self._brief
        if not self._is_narrow or block.lanes <= WIDE_LANES:
            return height
        return f"{height} slim tight" if block.lanes > SLIM_LANES else f"{height} slim"

    def _link(self, booking: AgendaBooking, id_: str) -> str:
        what = self._what(booking.title, booking.schedule_id)
        state = ""
        if booking.status is not Status.CONFIRMED:
            state = f' <span class="state">{self._states[booking.status]}</span>'
        return (
            f'<a href="{self._root}/{id_}"><strong>{_isolated(booking.attendee_name)}</strong>'
            f' <span class="at" lang="{self._day_language}">{self._span(booking)}</span>'
            f' <span class="what">{what}</span>{state}</a>'
        )

    def _what(self, title: str | None, schedule_id: UUID) -> str:
        """The booking's title and, in some views, its schedule. It is cached, as many bookings of
        a week share it."""
        what = self._whats.get((title, schedule_id))
        if what is None:
            name = self._names.get(schedule_id) if self._names_schedules else None
            parts = (_isolated(title) if title else None, name)
            what = self._whats[title, schedule_id] = " · ".join(filter(None, parts))
        return what

    @cached_property
    def _states(self) -> Mapping[str, str]:
        return {status: escape(str(words)) for status, words in labels.STATUSES.items()}

    def _span(self, booking: AgendaBooking) -> str:
        start, end = booking.start_time, booking.end_time
        seconds = int(start.timestamp())
        offset = clock_words.offset_if_twice(seconds, self._zone)
        twice = f" <small>{offset}</small>" if offset else ""
        return (
            f'<time datetime="{start.isoformat()[:SECONDS_END]}Z">{self._time(seconds)}'
            f'<span class="until"> – {self._end(start, end, seconds)}</span></time>{twice}'
        )

    def _time(self, instant: int) -> str:
        wall = self._zone.wall_at(instant) // SECONDS_A_MINUTE
        minutes = wall % MINUTES_A_DAY
        text = self._times.get(minutes)
        if text is None:
            text = self._times[minutes] = str(escape(clock_text(minutes, self._locale)))
        return text

    def _end(self, start: datetime, end: datetime, seconds: int) -> str:
        until, day = int(end.timestamp()), MINUTES_A_DAY * SECONDS_A_MINUTE
        if self._zone.wall_at(until) // day == self._zone.wall_at(seconds) // day:
            return self._time(until)
        return str(escape(clock_words.end_of(start, end, self._zone, self._locale)))


def _place(block: Block) -> str:
    if block.more is not None:
        return "beyond"
    return f"r{block.row} n{block.rows} l{block.lane}-{block.lanes}"


def _data(block: Block, id_: str) -> str:
    """The data attributes by which the script moves a booking, or finds one that has no lane."""
    booking = block.booking
    if block.more is not None:
        return f' data-more="{block.more}"'
    if booking.status not in MOVABLE:
        return ""
    start = int(booking.start_time.timestamp())
    return f' data-booking="{id_}" data-seen="{booking.version}" data-start="{start}"'


def _isolated(text: str) -> str:
    """A user's text, escaped and isolated from the text direction around it. Most is plain, and
    found to be so in a tenth of the time."""
    if _NOT_PLAIN.search(text) is None:
        return f"<bdi>{text}</bdi>"
    return f"<bdi>{escape(without_bidi(text))}</bdi>"
