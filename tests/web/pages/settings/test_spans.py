"""Lengths of time as people type them in a form of the settings."""

import pytest

from kalends.web.console.settings.forms.typed import minutes_or_text


@pytest.mark.parametrize(
    ("text", "minutes"),
    [
        ("90", 90),
        ("2h", 120),
        ("1d 12h", 2160),
        ("1 day", 1440),
        ("2 Hours", 120),
        ("1 hr 30 mins", 90),
        ("45 minutes", 45),
        ("2 weeks", 20160),
    ],
)
def test_a_length_is_understood_in_letters_and_in_words(text: str, minutes: int) -> None:
    assert minutes_or_text(text) == minutes


@pytest.mark.parametrize("text", ["soon", "1 dog", "day", "2 h or so"])
def test_what_is_no_length_stays_as_it_was_typed(text: str) -> None:
    assert minutes_or_text(text) == text
