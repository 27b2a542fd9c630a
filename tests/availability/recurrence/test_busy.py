"""From occurrences to the pieces that are kept."""

from typing import Any, Final

from kalends.availability.interval import DAY_SECONDS, Interval
from kalends.availability.recurrence.busy import busy_calendar, busy_pieces
from kalends.availability.recurrence.occurrences import expand
from kalends.availability.recurrence.shapes import (
    BusyKind,
    ChangedOccurrence,
    Clock,
    EventShape,
    Frequency,
    Length,
    Moment,
    RecurrenceRule,
    Series,
    Standing,
)
from kalends.availability.recurrence.steps import Steps
from kalends.availability.wallclock import zone_named

UTC: Final = zone_named("UTC")
HOUR: Final = 3600
WEEK: Final = Interval(0, 7 * DAY_SECONDS)


def shape(start_hour: int, hours: int, **more: Any) -> EventShape:
    return EventShape(start_hour * HOUR, Length(hours * HOUR), "UTC")._replace(**more)


def pieces(*series: Series, span: Interval = WEEK) -> list[tuple[int, int]]:
    """In hours."""
    found = busy_calendar(series, span, UTC).pieces
    return [(piece.start // HOUR, piece.end // HOUR) for _, piece in found]


def test_a_piece_lies_within_one_day() -> None:
    assert pieces(Series(shape(20, 30))) == [(20, 24), (24, 48), (48, 50)]


def test_what_runs_into_the_span_is_clipped_not_left_out() -> None:
    span = Interval(DAY_SECONDS, 2 * DAY_SECONDS)
    assert pieces(Series(shape(20, 100)), span=span) == [(24, 48)]


def test_an_event_long_before_the_span_is_found_if_it_still_runs() -> None:
    span = Interval(90 * DAY_SECONDS, 91 * DAY_SECONDS)
    assert pieces(Series(shape(0, 24 * 91)), span=span) == [(90 * 24, 91 * 24)]


def test_occurrences_that_touch_or_overlap_become_one() -> None:
    rule = RecurrenceRule(Frequency.HOURLY, total=5)
    assert pieces(Series(shape(2, 1, rules=(rule,)))) == [(2, 7)]


def test_an_occurrence_within_another_adds_nothing() -> None:
    first = shape(2, 10, rules=(RecurrenceRule(Frequency.DAILY, total=2),))
    moved = ChangedOccurrence(Moment(Clock.UTC, 26 * HOUR), shape(4, 1))
    assert pieces(Series(first, (moved,))) == [(2, 12)]


def test_a_long_occurrence_from_before_the_span_is_found() -> None:
    span = Interval(9 * DAY_SECONDS, 10 * DAY_SECONDS)
    rule = RecurrenceRule(Frequency.MONTHLY)
    assert pieces(Series(shape(0, 24 * 10, rules=(rule,))), span=span) == [(216, 240)]
    later = Interval(40 * DAY_SECONDS, 41 * DAY_SECONDS)
    assert pieces(Series(shape(0, 24 * 10, rules=(rule,))), span=later) == [(960, 984)]


def test_kinds_are_kept_apart() -> None:
    away = BusyKind(is_out_of_office=True)
    first = shape(2, 3, rules=(RecurrenceRule(Frequency.DAILY, total=2),))
    moved = ChangedOccurrence(Moment(Clock.UTC, 26 * HOUR), shape(3, 3, kind=away))
    occurrences = expand(Series(first, (moved,)), WEEK, UTC, Steps()).occurrences
    found = [
        (piece.start // HOUR, piece.end // HOUR, piece.kind)
        for piece in busy_pieces(occurrences, WEEK)
    ]
    assert sorted(found) == [(2, 5, BusyKind()), (3, 6, away)]


def test_pieces_say_which_event_they_are_of() -> None:
    free = Series(shape(0, 5, standing=Standing.FREE))
    found = busy_calendar([free, Series(shape(2, 1)), Series(shape(4, 1))], WEEK, UTC)
    assert [each.event for each in found.pieces] == [1, 2]


def test_an_event_without_length_takes_no_time() -> None:
    assert pieces(Series(shape(2, 0))) == []


def test_a_changed_occurrence_moves_into_the_span_from_outside() -> None:
    rule = RecurrenceRule(Frequency.WEEKLY)
    moved = ChangedOccurrence(Moment(Clock.UTC, 70 * 7 * DAY_SECONDS), shape(30, 1))
    assert pieces(Series(shape(2, 1, rules=(rule,)), (moved,))) == [(2, 3), (30, 31)]


def test_later_occurrences_move_into_the_span_with_a_changed_one() -> None:
    """Each a fortnight later, and two hours long."""
    rule = RecurrenceRule(Frequency.WEEKLY)
    fortnight = 14 * 24
    moved = ChangedOccurrence(
        Moment(Clock.UTC, 7 * DAY_SECONDS + 2 * HOUR),
        shape(7 * 24 + 2 + fortnight, 2),
        moves_later_ones=True,
    )
    span = Interval(28 * DAY_SECONDS, 35 * DAY_SECONDS)
    series = Series(shape(2, 1, rules=(rule,)), (moved,))
    assert pieces(series, span=span) == [(28 * 24 + 2, 28 * 24 + 4)]
