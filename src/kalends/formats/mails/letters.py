"""Letters: the text and the HTML of a mail, which are written from the same content."""

from typing import Final, Protocol

from msgspec import Struct

from kalends.formats.mails import page
from kalends.translation import LazyMessage, current_language, gettext, gettext_lazy

FACT: Final = gettext_lazy("{label}: {value}")


class Sentence(Struct, frozen=True):
    """Words of ours with names by others in them: `{who}` in `words` is names["who"].

    In HTML names are isolated, so that one written from right to left does not affect the sentence.
    """

    words: LazyMessage
    names: dict[str, str] = {}

    def __str__(self) -> str:
        return self.words.format(**self.names)

    def __html__(self) -> str:
        return page.in_words(str(self.words), self.names)


class Prose(Protocol):
    """Whole paragraphs, as text and as HTML with links in the colours of the mail."""

    def __str__(self) -> str: ...

    def as_html(self, dress: page.Dress, /) -> str: ...


class LetterRow(Struct, frozen=True):
    """A fact with its label. It may have several lines and a `link`; `photos` are of the people
    that it names."""

    label: str
    value: str
    link: str | None = None
    photos: tuple[page.MailPicture, ...] = ()


class Button(Struct, frozen=True):
    """The main action of a letter, and its URL."""

    label: str
    url: str


class Content(Struct, frozen=True, kw_only=True):
    """The content of a letter. `own` are the organization's own words, which come first."""

    heading: str
    paragraphs: tuple[Sentence, ...]
    own: Prose | None = None
    rows: tuple[LetterRow, ...] = ()
    until: Sentence | str | None = None
    button: Button | None = None
    closing: tuple[Sentence, ...] = ()


def write_text(content: Content) -> str:
    blocks = [content.heading]
    if content.own is not None:
        blocks.append(str(content.own))
    blocks += map(str, content.paragraphs)
    if content.rows:
        written = str(FACT)
        lines = [written.format(label=row.label, value=_below(row.value)) for row in content.rows]
        blocks.append("\n".join(lines))
    if content.until:
        blocks.append(str(content.until))
    if content.button:
        label = gettext("{label}:", label=content.button.label)
        blocks.append(f"{label}\n{content.button.url}")
    return "\n\n".join((*blocks, *map(str, content.closing))) + "\n"


def write_html(content: Content, look: page.MailLook) -> str:
    """The HTML, in the organization's colour and with its logo."""
    body = write_body(content, page.dress_of(look.accent))
    return page.whole(current_language(), look, content.heading, body)


def write_body(content: Content, dress: page.Dress) -> str:
    """The HTML below the heading."""
    parts = [] if content.own is None else [content.own.as_html(dress)]
    parts += [page.opening(paragraph) for paragraph in content.paragraphs]
    if content.rows:
        parts.append(
            page.table(
                [
                    page.row(row.label, row.value, row.link, dress, row.photos)
                    for row in content.rows
                ]
            )
        )
    if content.until:
        parts.append(page.until(content.until))
    if content.button:
        parts.append(page.button(content.button.label, content.button.url, dress))
    parts += [page.closing(line) for line in content.closing]
    return "".join(parts)


def _below(value: str) -> str:
    """The value with its further non-empty lines below the first."""
    if "\n" not in value:
        return value
    first, *more = value.split("\n")
    return "\n".join((first, *(line and f"    {line}" for line in more)))
