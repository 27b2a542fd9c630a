"""The colours of what can be pressed, the same on pages and in mail, by light and by dark.

Text on a button, and a link on any ground, has a contrast of at least 4.5:1 (WCAG 2.2, 1.4.3).
"""

from string import Template
from typing import Final

COLOURS: Final = {
    "light_accent": "#1f5f55",
    "light_on_accent": "#ffffff",
    "dark_accent": "#84cdbf",
    "dark_on_accent": "#0b211c",
}


def with_colours(style_sheet: str) -> str:
    """The style sheet with each colour in the place of its name: `$light_accent`. Raises KeyError
    for a name that is none."""
    return Template(style_sheet).substitute(COLOURS)
