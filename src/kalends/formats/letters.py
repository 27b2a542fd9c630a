"""The text and the HTML of a letter, both from the same content (templates/letter.txt, .html)."""

from functools import cache
from typing import Final

from jinja2 import Environment, PackageLoader, StrictUndefined, Template, select_autoescape
from msgspec import Struct

from kalends.formats.cleaning import find_link

LONGEST_VALUE: Final = 6000


class Row(Struct, frozen=True):
    """A fact under its name. It may have several lines."""

    label: str
    value: str

    @property
    def link(self) -> str | None:
        """The value, if it is nothing but a link that may be followed."""
        return find_link(self.value)


class Button(Struct, frozen=True):
    """The one thing to do, and where."""

    label: str
    url: str


class Content(Struct, frozen=True, kw_only=True):
    """What a letter says."""

    heading: str
    paragraphs: tuple[str, ...]
    rows: tuple[Row, ...] = ()
    button: Button | None = None
    closing: tuple[str, ...] = ()


def write_text(content: Content) -> str:
    return _template("letter.txt").render(letter=content)


def write_html(content: Content) -> str:
    return _template("letter.html").render(letter=content)


@cache
def _template(name: str) -> Template:
    environment = Environment(
        loader=PackageLoader("kalends.formats"),
        autoescape=select_autoescape(("html",)),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template(name)
