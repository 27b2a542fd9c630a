"""The colours of buttons and links, which pages and mails share, for light and for dark.

Text on buttons, and links on any background, have a contrast of at least 4.5:1 (WCAG 2.2, 1.4.3).
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
    """The style sheet with names of colours, such as `$light_accent`, replaced by the colours.
    Raises KeyError for an unknown name."""
    return Template(style_sheet).substitute(COLOURS)
