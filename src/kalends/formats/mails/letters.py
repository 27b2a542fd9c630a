"""The text and the HTML of a letter, both from the same content (templates/letter.txt, .html)."""

from functools import cache
from typing import Final

from jinja2 import Environment, PackageLoader, StrictUndefined, Template, select_autoescape
from markupsafe import Markup, escape
from msgspec import Struct

from kalends.formats.colours import COLOURS
from kalends.translation import LazyMessage, current_language, gettext

_ISOLATED: Final = Markup("<bdi>{}</bdi>")


class Sentence(Struct, frozen=True):
    """Our words around names that are not ours: `{who}` in `words` is names["who"].

    In HTML names are isolated, so that one written from right to left turns itself around only.
    """

    words: LazyMessage
    names: dict[str, str] = {}

    def __str__(self) -> str:
        return self.words.format(**self.names)

    def __html__(self) -> str:
        isolated = {key: _ISOLATED.format(name) for key, name in self.names.items()}
        return Markup(escape(str(self.words))).format(**isolated)


class LetterRow(Struct, frozen=True):
    """A fact under its name. It may have several lines; `link` is where it leads, if anywhere."""

    label: str
    value: str
    link: str | None = None


class Button(Struct, frozen=True):
    """The one thing to do, and where."""

    label: str
    url: str


class Content(Struct, frozen=True, kw_only=True):
    """What a letter says."""

    heading: str
    paragraphs: tuple[Sentence, ...]
    rows: tuple[LetterRow, ...] = ()
    until: Sentence | str | None = None
    button: Button | None = None
    closing: tuple[Sentence, ...] = ()


def write_text(content: Content) -> str:
    return _template("letter.txt").render(letter=content)


def write_html(content: Content) -> str:
    return _template("letter.html").render(
        letter=content, colours=COLOURS, language=current_language()
    )


@cache
def _template(name: str) -> Template:
    environment = Environment(
        loader=PackageLoader("kalends.formats.mails"),
        autoescape=select_autoescape(("html",)),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals["gettext"] = gettext
    return environment.get_template(name)
