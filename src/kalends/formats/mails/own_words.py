"""Renders an organization's own words in a mail: Markdown with placeholders for values.

When the Markdown is parsed, each placeholder is a single character that is neither markup nor part
of any text. Values replace these characters afterwards, so nothing that an attendee types becomes a
link, emphasis or a list.
"""

import re
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import TYPE_CHECKING, Final

from msgspec import Struct

from kalends.domain.errors import Invalid
from kalends.domain.faults import Fault, FaultCode
from kalends.domain.placeholders import Placeholder, filled, pieces_of
from kalends.formats.cleaning import one_line, shortened
from kalends.formats.mails import page
from kalends.formats.mails.page import Dress
from kalends.formats.markdown import all_tokens, markdown_tokens

if TYPE_CHECKING:
    from markdown_it.token import Token

LONGEST_VALUE: Final = 300  # characters
TEXTS_KEPT: Final = 256
# The first character for placeholders, in the private use area. Such characters are removed from
# all texts.
_FIRST_MARK: Final = 0xE000
_PRIVATE: Final = re.compile("[\ue000-\uf8ff]")
_MARK: Final = re.compile("([\ue000-\uf8ff])")
_MARK_OF: Final = {one: chr(_FIRST_MARK + n) for n, one in enumerate(Placeholder)}
_OF_MARK: Final = {mark: one for one, mark in _MARK_OF.items()}
Values = Mapping[Placeholder, str]
_PLAIN_TAGS: Final = {
    "softbreak": "<br>\n",
    "hardbreak": "<br>\n",
    "em_open": "<em>",
    "em_close": "</em>",
    "strong_open": "<strong>",
    "strong_close": "</strong>",
    "link_close": "</a>",
    "bullet_list_close": "</ul>\n",
    "ordered_list_close": "</ol>\n",
    "list_item_close": "</li>\n",
}


class OwnText(Struct, frozen=True):
    """A body in Markdown, and the values of its placeholders."""

    source: str
    values: Values

    def __str__(self) -> str:
        lines = "".join(_text_of(tokens_of(self.source), self.values))
        return re.sub(r"\n{3,}", "\n\n", lines).strip("\n")

    def as_html(self, dress: Dress) -> str:
        """The body as HTML, with links in the colours of the mail."""
        return "".join(_html_of(tokens_of(self.source), self.values, dress))


def own_subject(source: str, values: Values) -> str:
    """The subject with its values, on one line."""
    return one_line(filled(pieces_of("subject", source), values))


def short_value(text: str) -> str:
    """A value for such texts: on one line, and cut to LONGEST_VALUE."""
    return shortened(one_line(text), LONGEST_VALUE)


def check_own_words(subject: str | None, body: str | None) -> None:
    """Raises Invalid for a placeholder that is unknown, not closed, or part of a link's URL, and
    for too many placeholders."""
    if subject is not None:
        pieces_of("subject", subject)
    if body is None:
        return
    placed = sum(isinstance(piece, Placeholder) for piece in pieces_of("body", body))
    if placed > sum(len(_MARK.findall(text)) for text in _texts_of(tokens_of(body))):
        raise Invalid.field(
            "body",
            "has a placeholder in the address of a link, where none can be",
            Fault(FaultCode.PLACEHOLDER_IN_LINK),
        )


def _texts_of(tokens: "tuple[Token, ...]") -> Iterator[str]:
    """The texts in the tokens, without URLs that became links by themselves."""
    is_address = False
    for token in all_tokens(tokens):
        if token.type in ("link_open", "link_close"):
            is_address = token.type == "link_open" and token.info == "auto"
        elif token.type == "text" and not is_address:
            yield token.content


@lru_cache(maxsize=TEXTS_KEPT)
def tokens_of(source: str) -> "tuple[Token, ...]":
    """The parsed Markdown, with a character in place of each placeholder. Raises Invalid."""
    pieces = pieces_of("body", source)
    marked = (_MARK_OF[p] if isinstance(p, Placeholder) else _PRIVATE.sub("", p) for p in pieces)
    return tuple(markdown_tokens("".join(marked)))


def _html_of(tokens: "tuple[Token, ...]", values: Values, dress: Dress) -> Iterator[str]:
    for token in tokens:
        if token.type == "inline":
            yield from _html_of(tuple(token.children or ()), values, dress)
        elif token.type == "paragraph_open":
            yield "" if token.hidden else page.OWN_PARAGRAPH
        elif token.type == "paragraph_close":
            yield "" if token.hidden else "</p>\n"
        elif token.type == "bullet_list_open":
            yield page.OWN_LIST.format(tag="ul")
        elif token.type == "ordered_list_open":
            yield page.OWN_LIST.format(tag="ol")
        elif token.type == "list_item_open":
            yield '<li dir="auto">'
        elif token.type == "link_open":
            yield page.link_open(str(token.attrs["href"]), dress)
        else:
            yield _PLAIN_TAGS.get(token.type) or _filled_html(token.content, values)


def _filled_html(text: str, values: Values) -> str:
    """The text with its values, which are isolated, so that one written from right to left does not
    affect the words around it."""
    parts = _MARK.split(text)
    return "".join(
        f"<bdi>{page.escaped(values[_OF_MARK[part]])}</bdi>"
        if part in _OF_MARK
        else page.escaped(part)
        for part in parts
    )


def _filled_text(text: str, values: Values) -> str:
    return _MARK.sub(lambda mark: values[_OF_MARK[mark[0]]], text)


def _text_of(tokens: "tuple[Token, ...]", values: Values) -> Iterator[str]:
    """The tokens as plain text; each nested list is indented by two more spaces."""
    numbers: list[int | None] = []
    for token in tokens:
        if token.type in ("bullet_list_open", "ordered_list_open"):
            is_ordered = token.type == "ordered_list_open"
            numbers.append(int(token.attrs.get("start", 1)) if is_ordered else None)
        elif token.type in ("bullet_list_close", "ordered_list_close"):
            numbers.pop()
            yield "\n"
        elif token.type == "list_item_open":
            number = numbers[-1]
            yield "  " * (len(numbers) - 1) + ("- " if number is None else f"{number}. ")
            numbers[-1] = None if number is None else number + 1
        elif token.type == "paragraph_close":
            yield "\n" if numbers else "\n\n"
        elif token.type == "inline":
            yield from _inline_text(token, values)


def _inline_text(inline: "Token", values: Values) -> Iterator[str]:
    """The inline tokens as plain text; a link's URL follows its text."""
    address = said = ""
    for token in inline.children or ():
        if token.type == "link_open":
            address, said = "" if token.info == "auto" else str(token.attrs["href"]), ""
        elif token.type == "link_close":
            yield _address_after(said, address.removeprefix("mailto:"))
            address = ""
        elif token.type in ("softbreak", "hardbreak"):
            yield "\n"
        else:
            said += token.content
            yield _filled_text(token.content, values)


def _address_after(said: str, address: str) -> str:
    """The URL to add after a link's text; empty if the text has the whole URL already."""
    if not said:
        return address
    is_said = said in (address, address.removeprefix("https://").removesuffix("/"))
    return "" if is_said or not address else f" ({address})"
