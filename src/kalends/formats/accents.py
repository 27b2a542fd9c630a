"""An organization's accent colour: the colours that are derived from it for light and dark pages.

Text on buttons, and links on each background, have a contrast of at least 4.5:1 (WCAG 2.2, 1.4.3),
whatever colour was chosen; the hue does not change.
"""

import re
from functools import lru_cache
from typing import Final, NamedTuple

LEAST_CONTRAST: Final = 4.5
STEP: Final = 0.01
# The backgrounds of `site.css` with the least contrast: the darkest light, the lightest dark one.
LIGHT_PAPER: Final = "#f5f4f0"
DARK_SURFACE: Final = "#1b1e1d"
# The dark background of mails.
DARK_CARD: Final = "#22252c"
BLACK, WHITE, NEARLY_BLACK = "#000000", "#ffffff", "#0b0d0c"
_FORM: Final = re.compile(r"#[0-9a-f]{6}")


class Accent(NamedTuple):
    """Colours by their use, like `--accent…` in `site.css`: links and buttons, text on a soft
    background, that background, and text on a button."""

    accent: str
    strong: str
    soft: str
    on_accent: str


@lru_cache(maxsize=256)
def accents_of(color: str) -> tuple[Accent, Accent]:
    """The accents for light and for dark, from a colour such as `#1f5f55`. Raises ValueError if it
    is not a colour."""
    if not _FORM.fullmatch(color):
        raise ValueError(f"{color!r} is no colour")
    light_soft = mixed(color, WHITE, 0.12)
    light = readable(color, [LIGHT_PAPER, WHITE, light_soft], BLACK)
    light_strong = readable(mixed(light, BLACK, 0.75), [LIGHT_PAPER, light_soft], BLACK)
    dark_soft = mixed(color, DARK_SURFACE, 0.25)
    dark = readable(color, [DARK_SURFACE, DARK_CARD, dark_soft], WHITE)
    dark_strong = readable(mixed(dark, WHITE, 0.7), [DARK_SURFACE, dark_soft], WHITE)
    return (
        Accent(light, light_strong, light_soft, WHITE),
        Accent(dark, dark_strong, dark_soft, NEARLY_BLACK),
    )


@lru_cache(maxsize=256)
def accent_style_sheet(color: str) -> str:
    """The style sheet that sets `--accent…` for that colour. Raises ValueError if it is not one."""
    light, dark = map(_variables, accents_of(color))
    return f":root {{ {light} }}\n@media (prefers-color-scheme: dark) {{ :root {{ {dark} }} }}\n"


def contrast(color: str, other: str) -> float:
    """The contrast ratio of two colours, from 1 to 21 (WCAG 2.2)."""
    darker, lighter = sorted((_luminance(color), _luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


def readable(color: str, grounds: list[str], end: str) -> str:
    """The colour, mixed with `end` (black or white) until it is readable on each background."""
    part = 1.0
    shown = color
    while part > 0 and min(contrast(shown, ground) for ground in grounds) < LEAST_CONTRAST:
        part -= STEP
        shown = mixed(color, end, max(part, 0.0))
    return shown


def mixed(color: str, ground: str, part: float) -> str:
    """The colour mixed with the background; `part` is the colour's share."""
    pairs = zip(_channels(color), _channels(ground), strict=True)
    red, green, blue = (part * above + (1 - part) * below for above, below in pairs)
    return _hex((red, green, blue))


def _variables(accent: Accent) -> str:
    return (
        f"--accent: {accent.accent}; --accent-strong: {accent.strong};"
        f" --accent-soft: {accent.soft}; --on-accent: {accent.on_accent};"
    )


def _luminance(color: str) -> float:
    red, green, blue = (
        channel / 12.92 if channel <= 0.04045 else ((channel + 0.055) / 1.055) ** 2.4
        for channel in _channels(color)
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _channels(color: str) -> tuple[float, float, float]:
    red, green, blue = (int(color[at : at + 2], 16) / 255 for at in (1, 3, 5))
    return red, green, blue


def _hex(channels: tuple[float, float, float]) -> str:
    return "#" + "".join(f"{round(channel * 255):02x}" for channel in channels)
