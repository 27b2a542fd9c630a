"""Which country a time zone lies in."""

import pytest

from kalends.formats.countries import country_codes, country_of_zone


@pytest.mark.parametrize(
    ("zone", "country"),
    [
        ("Europe/Berlin", "DE"),
        ("America/Chicago", "US"),
        ("Europe/Kiev", "UA"),
        ("Asia/Calcutta", "IN"),
        ("US/Eastern", "US"),
        ("UTC", None),
        ("Etc/GMT+5", None),
    ],
)
def test_a_zone_lies_in_a_country(zone: str, country: str | None) -> None:
    assert country_of_zone(zone) == country


def test_every_country_of_a_zone_has_a_code() -> None:
    assert {"DE", "US", "TL"} <= country_codes()
    assert all(len(code) == 2 and code.isupper() for code in country_codes())
