"""What is neither a day nor an instant is refused with what it may be."""

import pytest

from kalends.domain.values import Day, Instant, parse_day_or_instant


def test_a_day_and_an_instant_are_told_apart() -> None:
    assert parse_day_or_instant("2026-12-01") == Day(2026, 12, 1)
    assert parse_day_or_instant("2026-12-01T10:00:00+01:00") == Instant.parse(
        "2026-12-01T09:00:00Z"
    )


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("04.01.2027", "must be a day or an instant"),
        ("2027-1-4", "must be a day or an instant"),
        ("tomorrow", "must be a day or an instant"),
        ("2027-02-30", "not a day that exists"),
        ("2027-01-04T10:00:00", "must be an instant with an offset"),
        ("2027-01-04T10:00:00 01:00", "%2B"),
    ],
)
def test_what_is_neither_says_what_it_may_be(text: str, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        parse_day_or_instant(text)
