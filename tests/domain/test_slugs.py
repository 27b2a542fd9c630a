"""Names as parts of a URL."""

import pytest

from kalends.domain.slugs import slug_of


@pytest.mark.parametrize(
    ("name", "slug"),
    [
        ("Fußpflege Übergröße", "fusspflege-ubergrosse"),
        ("  Ada's Salon & Café  ", "ada-s-salon-cafe"),
        ("ROOM 1", "room-1"),
        ("サロン", "organization"),
        ("x" * 90, "x" * 60),
    ],
)
def test_a_name_becomes_letters_digits_and_hyphens(name: str, slug: str) -> None:
    assert slug_of(name) == slug
