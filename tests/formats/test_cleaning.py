"""Text that users wrote, cleaned: a short way for text that needs none leads to the same."""

import sys

import pytest

from kalends.formats.cleaning import mail_address, mailto, many_lines, one_line

SHOWN = "".join(c for c in map(chr, range(sys.maxunicode + 1)) if c.isprintable())


def test_no_character_that_shows_is_taken_out() -> None:
    # With a control beside them all are looked at.
    assert many_lines(f"\0{SHOWN}") == many_lines(SHOWN) == SHOWN
    assert one_line(f"\0{SHOWN}") == one_line(SHOWN) == SHOWN.strip(" ")


@pytest.mark.parametrize(
    ("text", "line"),
    [("  two  words ", "two words"), ("a\u2028b", "a b"), ("a\tb\n", "a b"), ("\u202ea", "a")],
)
def test_spaces_and_breaks_become_one_space(text: str, line: str) -> None:
    assert one_line(text) == line


# Each as it stands in a header, and in a link.
ADDRESSES = {
    "o'neil+a@x.example": ("o'neil+a@x.example", "mailto:o'neil+a@x.example"),
    "a/b@x.example": ("a/b@x.example", "mailto:a%2Fb@x.example"),
    "a@straße.example": ("a@xn--strae-oqa.example", "mailto:a@xn--strae-oqa.example"),
    "a@x_y.example": ("a@x_y.example", "mailto:a@x_y.example"),
    "a@x.example\n": ("a@x.example", "mailto:a@x.example"),
}


@pytest.mark.parametrize("address", ADDRESSES)
def test_an_address_is_written_for_headers_and_links(address: str) -> None:
    assert (mail_address(address), mailto(address)) == ADDRESSES[address]
