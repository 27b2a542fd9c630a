"""The text and the HTML of a letter, from the same content (the page: templates/letter.html)."""

from functools import cache

from jinja2 import Environment, PackageLoader, StrictUndefined, Template, select_autoescape
from markupsafe import Markup, escape
from msgspec import Struct

from kalends.formats.colours import COLOURS
from kalends.formats.locales import direction_of
from kalends.translation import LazyMessage, current_language, gettext


class Sentence(Struct, frozen=True):
    """Our words around names that are not ours: `{who}` in `words` is names["who"].

    In HTML names are isolated, so that one written from right to left turns itself around only.
    """

    words: LazyMessage
    names: dict[str, str] = {}

    def __str__(self) -> str:
        return self.words.format(**self.names)

    def __html__(self) -> str:
        isolated = {key: f"<bdi>{escape(name)}</bdi>" for key, name in self.names.items()}
        # Not `Markup.format`, which takes ten times as long: all that comes together is escaped.
        return Markup(str(escape(str(self.words))).format(**isolated))


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
    blocks = [content.heading, *map(str, content.paragraphs)]
    if content.rows:
        blocks.append("\n".join(map(_line, content.rows)))
    if content.until:
        blocks.append(str(content.until))
    if content.button:
        label = gettext("{label}:", label=content.button.label)
        blocks.append(f"{label}\n{content.button.url}")
    return "\n\n".join((*blocks, *map(str, content.closing))) + "\n"


def write_html(content: Content) -> str:
    language = current_language()
    return _page().render(
        letter=content, colours=COLOURS, language=language, direction=direction_of(language)
    )


def _line(row: LetterRow) -> str:
    """Further lines of a value stand below it, those that hold something."""
    value = row.value
    if "\n" in value:
        first, *more = value.split("\n")
        value = "\n".join((first, *(line and f"    {line}" for line in more)))
    return gettext("{label}: {value}", label=row.label, value=value)


@cache
def _page() -> Template:
    environment = Environment(
        loader=PackageLoader("kalends.formats.mails"),
        autoescape=select_autoescape(("html",)),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template("letter.html")
