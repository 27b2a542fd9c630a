"""Telephone numbers in E.164, from what people type."""

import pytest

from kalends.domain.phones import e164_of

# Each number, as it is typed in a country.
SPELLINGS: dict[str, list[tuple[str, str | None]]] = {
    "+49301234567": [
        ("030 1234567", "DE"),
        ("+49 (0)30 / 1234567", None),
        ("0049 30 1234567", "DE"),
        ("٠٣٠ ١٢٣٤٥٦٧", "DE"),
        ("030 1234567 ext. 5", "DE"),
    ],
    "+14155552671": [("(415) 555-2671", "US")],
    "+442079460018": [("+44 20 7946 0018", "US"), ("020 7946 0018", "GB")],
    "+29022222": [("+290 22222", None)],
}


@pytest.mark.parametrize(
    ("typed", "country", "number"),
    [(*spelling, number) for number, spellings in SPELLINGS.items() for spelling in spellings],
)
def test_a_number_is_kept_as_it_is_dialled(typed: str, country: str | None, number: str) -> None:
    assert e164_of(typed, country) == number


@pytest.mark.parametrize(
    ("typed", "country"),
    [
        ("", "DE"),
        ("call me", "DE"),
        ("12345", "DE"),
        ("112", "DE"),
        ("030 1234567", None),
        ("+49 30 1", None),
        ("+1 555 0100", None),
        ("+999 1234567", "DE"),
        ("0" * 5000, "DE"),
        ("1" * 50, "US"),
    ],
)
def test_what_is_no_number_has_none(typed: str, country: str | None) -> None:
    assert e164_of(typed, country) is None
