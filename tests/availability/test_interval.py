"""Half-open spans of time."""

import pytest

from kalends.availability.interval import Interval, clip, gaps, merge


def test_touching_intervals_do_not_overlap() -> None:
    assert not Interval(0, 10).overlaps(Interval(10, 20))
    assert Interval(0, 11).overlaps(Interval(10, 20))


def test_an_empty_interval_overlaps_nothing() -> None:
    assert not Interval(5, 5).overlaps(Interval(0, 10))
    assert not Interval(0, 10).overlaps(Interval(5, 5))


def test_an_interval_holds_its_start_and_not_its_end() -> None:
    assert Interval(0, 10).includes(0)
    assert not Interval(0, 10).includes(10)


def test_an_interval_contains_itself() -> None:
    assert Interval(0, 10).contains(Interval(0, 10))
    assert not Interval(0, 10).contains(Interval(0, 11))


@pytest.mark.parametrize(
    ("given", "merged"),
    [
        ([], []),
        ([(5, 5), (7, 6)], []),
        ([(0, 10), (10, 20)], [(0, 20)]),
        ([(30, 40), (0, 10), (5, 20)], [(0, 20), (30, 40)]),
        ([(0, 100), (10, 20), (30, 40)], [(0, 100)]),
    ],
    ids=["none", "empty ones", "touching", "overlapping, unsorted", "one inside another"],
)
def test_merging_keeps_the_same_instants(
    given: list[tuple[int, int]], merged: list[tuple[int, int]]
) -> None:
    assert merge(given) == merged


def test_clipping_leaves_out_what_lies_outside() -> None:
    intervals = [Interval(0, 10), Interval(20, 30), Interval(40, 50)]
    assert clip(intervals, Interval(5, 40)) == [(5, 10), (20, 30)]


def test_gaps_are_what_no_interval_covers() -> None:
    merged = [Interval(0, 10), Interval(20, 30), Interval(90, 200)]
    assert list(gaps(merged, Interval(5, 100))) == [(10, 20), (30, 90)]
    assert list(gaps([], Interval(5, 100))) == [(5, 100)]
    assert list(gaps([Interval(0, 200)], Interval(5, 100))) == []
    assert list(gaps([], Interval(5, 5))) == []
