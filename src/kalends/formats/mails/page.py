"""The HTML of a letter.

It is written by code and not by a template, which took a fifth of the time of a mail. Each text
goes through `escaped`, or has its own `__html__`.
"""

import re
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Final, NamedTuple, Protocol

from markupsafe import Markup, escape

from kalends.formats.accents import accents_of
from kalends.formats.colours import COLOURS
from kalends.formats.locales import direction_of

_NEEDS_ESCAPES: Final = re.compile("[&<>\"']")
_HEAD: Final = """<!DOCTYPE html>
<html lang="{language}" dir="{direction}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="supported-color-schemes" content="light dark">
<title>"""
_STYLE: Final = """</title>
<style>
:root {{ color-scheme: light dark; supported-color-schemes: light dark; }}
@media (prefers-color-scheme: dark) {{
  .page {{ background: #16181d !important; }}
  .card {{ background: #22252c !important; border-color: #363b45 !important; }}
  .ink {{ color: #f1f3f5 !important; }}
  .soft {{ color: #b3bac5 !important; }}
  .line {{ border-color: #363b45 !important; }}
  .link {{ color: {dark_accent} !important; }}
  .button {{ background: {dark_accent} !important; color: {dark_on_accent} !important; }}
}}
</style>
</head>
<body class="page" dir="{direction}" style="margin:0;padding:0;background:#f2f4f7;">
<table role="presentation" class="page" width="100%" cellpadding="0" cellspacing="0" \
style="background:#f2f4f7;">
<tr><td align="center" style="padding:24px 12px;">
<table role="presentation" class="card" width="100%" cellpadding="0" cellspacing="0" \
style="max-width:560px;table-layout:fixed;background:#ffffff;border:1px solid #dfe3e8;\
border-radius:8px;font-family:-apple-system,'Segoe UI',Roboto,Helvetica,Arial,sans-serif;">
<tr><td style="padding:28px 24px;overflow-wrap:anywhere;word-break:break-word;">
"""
_HEADING: Final = (
    '<h1 class="ink" style="margin:0 0 16px;font-size:22px;line-height:1.3;color:#16181d;">'
)
_ROWS: Final = """<table role="presentation" width="100%" cellpadding="0" cellspacing="0" \
style="table-layout:fixed;margin:0 0 8px;">
"""
_NAMED: Final = """<tr><td class="line" style="padding:10px 0;border-top:1px solid #dfe3e8;\
overflow-wrap:anywhere;word-break:break-word;">
<div class="soft" style="font-size:13px;line-height:1.4;color:#5a6472;">"""
_VALUE: Final = """</div>
<div class="ink" dir="auto" style="font-size:16px;line-height:1.5;color:#16181d;\
white-space:pre-line;">"""
_LINK: Final = '" rel="noopener noreferrer" style="color:{light_accent};">'
_PARAGRAPH: Final = (
    '<p class="ink" style="margin:{margin};font-size:16px;line-height:1.5;color:#16181d;">'
)
_OPENING: Final = _PARAGRAPH.format(margin="0 0 16px")
# Begins a paragraph of the organization's own words.
OWN_PARAGRAPH: Final = _OPENING.replace("<p ", '<p dir="auto" ', 1)
OWN_LIST: Final = (
    '<{tag} class="ink" style="margin:0 0 16px;padding-inline-start:24px;font-size:16px;'
    'line-height:1.5;color:#16181d;">\n'
)
_UNTIL: Final = _PARAGRAPH.format(margin="16px 0")
_BUTTON: Final = (
    '" style="display:inline-block;padding:12px 20px;border-radius:6px;background:{light_accent};'
    "color:{light_on_accent};font-size:16px;line-height:1.4;font-weight:600;"
    'text-decoration:none;">'
)
_CLOSING: Final = (
    '<p class="soft" style="margin:16px 0 0;font-size:13px;line-height:1.5;color:#5a6472;">'
)
_END: Final = """</td></tr>
</table>
</td></tr>
</table>
</body>
</html>"""


# The logo is shown at half its stored size. Its background is white, as it may be dark and
# transparent; programs that show no pictures show the organization's name.
_LOGO: Final = (
    '<p style="margin:0 0 20px;"><img src="{url}" width="{width}" height="{height}" alt="{alt}"'
    ' style="display:inline-block;max-width:100%;height:auto;border:0;background:#ffffff;'
    'border-radius:4px;padding:4px 0;font-size:16px;font-weight:600;color:#16181d;"></p>\n'
)
_PHOTO: Final = (
    '<img src="{url}" width="{width}" height="{height}" alt="{alt}" style="border:0;'
    'border-radius:8px;vertical-align:middle;margin:4px 8px 4px 0;">'
)


class MailPicture(NamedTuple):
    """A picture in a mail: its URL, its displayed size in pixels, and its alternative text."""

    url: str
    width: int
    height: int
    words: str


class MailLook(NamedTuple):
    """The look of an organization's mail: its colour (None means ours) and its logo, if any."""

    accent: str | None = None
    logo: MailPicture | None = None


class HasHtml(Protocol):
    """An object that has its own HTML form."""

    def __html__(self) -> str: ...


class Dress(NamedTuple):
    """The parts in the organization's colour: the ends of the opening tags of links and buttons,
    and the values for the style sheet."""

    link: str
    button: str
    colours: Mapping[str, str]


@lru_cache(maxsize=256)
def dress_of(accent: str | None) -> Dress:
    """The dress in a colour such as `#1f5f55`; None means ours."""
    colours = COLOURS
    if accent is not None:
        light, dark = accents_of(accent)
        colours = {
            "light_accent": light.accent,
            "light_on_accent": light.on_accent,
            "dark_accent": dark.accent,
            "dark_on_accent": dark.on_accent,
        }
    return Dress(_LINK.format_map(colours), _BUTTON.format_map(colours), colours)


@lru_cache(maxsize=256)  # one for each language and colour
def frame(language: str, accent: str | None) -> tuple[str, str]:
    """The HTML before the title, and that between the title and the heading."""
    direction = direction_of(language)
    style = _STYLE.format(direction=direction, **dress_of(accent).colours)
    return _HEAD.format(language=escaped(language), direction=direction), style


def escaped(text: str) -> str:
    """Text escaped for content and attributes of HTML; most texts do not change."""
    return str(escape(text)) if _NEEDS_ESCAPES.search(text) else text


def opening(words: HasHtml) -> str:
    return f"{_OPENING}{words.__html__()}</p>\n"


def table(rows: list[str]) -> str:
    return f"{_ROWS}{''.join(rows)}</table>\n"


@lru_cache(maxsize=512)  # most texts are words of ours
def _label(label: str) -> str:
    return f"{_NAMED}{escaped(label)}{_VALUE}"


def row(
    label: str, value: str, link: str | None, dress: Dress, photos: Iterable[MailPicture] = ()
) -> str:
    """The HTML of a fact with its label; it may have a `link`, and `photos` before it."""
    shown = escaped(value)
    if link:
        shown = f"{link_open(link, dress)}{shown}</a>"
    pictures = "".join(map(_photo, photos))
    return f"{_label(label)}{pictures}{shown}</div>\n</td></tr>\n"


def _photo(photo: MailPicture) -> str:
    url, words = escaped(photo.url), escaped(photo.words)
    return _PHOTO.format(url=url, width=photo.width, height=photo.height, alt=words)


def link_open(url: str, dress: Dress) -> str:
    return f'<a class="link" href="{escaped(url)}{dress.link}'


def until(words: HasHtml | str) -> str:
    shown = escaped(words) if isinstance(words, str) else words.__html__()
    return f"{_UNTIL}{shown}</p>\n"


def button(label: str, url: str, dress: Dress) -> str:
    link = f'<a class="button" href="{escaped(url)}{dress.button}{escaped(label)}</a>'
    return f'<p style="margin:16px 0;">{link}</p>\n'


def closing(words: HasHtml) -> str:
    return f"{_CLOSING}{words.__html__()}</p>\n"


def whole(language: str, look: MailLook, heading: str, body: str) -> str:
    """The whole page; `body` is the HTML below the heading."""
    title, (head, style) = escaped(heading), frame(language, look.accent)
    shown = _logo(look.logo) if look.logo else ""
    return f"{head}{title}{style}{shown}{_HEADING}{title}</h1>\n{body}{_END}"


def _logo(logo: MailPicture) -> str:
    url, words = escaped(logo.url), escaped(logo.words)
    return _LOGO.format(url=url, width=logo.width, height=logo.height, alt=words)


def in_words(words: str, names: dict[str, str]) -> str:
    """Words of ours with names by others in them. The names are isolated, so that one written from
    right to left does not affect the sentence."""
    isolated = {key: f"<bdi>{escaped(name)}</bdi>" for key, name in names.items()}
    # `str.format` is ten times as fast as `Markup.format`, and all its parts are escaped already.
    return Markup(escaped(words).format(**isolated))
