"""Thousands of events, occurrence by occurrence, beside another implementation of the standard.

What the two read differently is in `test_differences.py`.
"""

from datetime import UTC, datetime
from random import Random
from typing import Final

import pytest

from tests.formats.reading.generated import Changed, Made, calendar_of
from tests.formats.reading.oracle import by_kalends, by_library

EVENTS_A_FILE: Final = 200
# The weeks in which the clocks of both hemispheres change.
SPRING: Final = (datetime(2026, 3, 1, tzinfo=UTC), datetime(2026, 5, 1, tzinfo=UTC))
AUTUMN: Final = (datetime(2026, 9, 15, tzinfo=UTC), datetime(2026, 11, 15, tzinfo=UTC))


@pytest.mark.parametrize("weeks", [SPRING, AUTUMN], ids=["spring", "autumn"])
@pytest.mark.parametrize("seed", range(7))
def test_series_recur_as_another_reader_has_them(
    seed: int, weeks: tuple[datetime, datetime]
) -> None:
    chance = Random(seed)
    numbers = range(EVENTS_A_FILE)
    data = calendar_of([text for at in numbers for text in Made(chance, f"{at}@made").events()])
    assert by_kalends(data, *weeks) == by_library(data, *weeks)


@pytest.mark.parametrize("weeks", [SPRING, AUTUMN], ids=["spring", "autumn"])
@pytest.mark.parametrize("seed", range(2))
def test_changed_occurrences_are_as_another_reader_has_them(
    seed: int, weeks: tuple[datetime, datetime]
) -> None:
    chance = Random(1000 + seed)
    numbers = range(EVENTS_A_FILE)
    data = calendar_of([text for at in numbers for text in Changed(chance, f"{at}@made").events()])
    assert by_kalends(data, *weeks) == by_library(data, *weeks)
