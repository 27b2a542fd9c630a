"""Colours derived of an organization's own: they can be read, whatever was chosen."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kalends.formats.accents import (
    DARK_SURFACE,
    LEAST_CONTRAST,
    LIGHT_PAPER,
    WHITE,
    accent_style_sheet,
    accents_of,
    contrast,
)

COLORS = st.integers(0, 0xFFFFFF).map(lambda number: f"#{number:06x}")
DARK_PAPER = "#131514"


@given(COLORS)
def test_text_in_any_colour_can_be_read_on_each_ground(color: str) -> None:
    light, dark = accents_of(color)
    for accent, grounds in ((light, (LIGHT_PAPER, WHITE)), (dark, (DARK_PAPER, DARK_SURFACE))):
        for ground in (*grounds, accent.soft):
            assert contrast(accent.accent, ground) >= LEAST_CONTRAST
            assert contrast(accent.strong, ground) >= LEAST_CONTRAST
        assert contrast(accent.on_accent, accent.accent) >= LEAST_CONTRAST


@pytest.mark.parametrize("color", ["#000000", "#ffffff", "#808080", "#ffff00", "#0000ff"])
def test_the_ends_of_the_scale_can_be_read_too(color: str) -> None:
    light, dark = accents_of(color)
    assert contrast(light.accent, LIGHT_PAPER) >= LEAST_CONTRAST
    assert contrast(dark.accent, DARK_SURFACE) >= LEAST_CONTRAST


def test_a_colour_that_can_be_read_stays_as_it_is() -> None:
    assert accents_of("#8a2b5f")[0].accent == "#8a2b5f"
    assert accents_of("#ffd400")[1].accent == "#ffd400"


def test_contrast_is_that_of_the_guidelines() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.01)


def test_a_style_sheet_has_both_and_nothing_else() -> None:
    sheet = accent_style_sheet("#8a2b5f")
    assert len(re.findall(r"--(?:accent|accent-strong|accent-soft|on-accent): #", sheet)) == 8


@pytest.mark.parametrize("color", ["red", "#fff", "#8A2B5F", "#8a2b5f;}", ""])
def test_what_is_no_colour_is_refused(color: str) -> None:
    with pytest.raises(ValueError, match="no colour"):
        accent_style_sheet(color)
