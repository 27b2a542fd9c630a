"""Parses the subset of Markdown that organizations may use: paragraphs, line breaks, lists,
emphasis and links.

URLs and mail addresses become links by themselves. HTML, images, headings and code stay plain text.
Texts have at most 5,000 characters and nesting at most twenty levels, so the time is bounded.
"""

from collections.abc import Iterator, Sequence
from functools import cache
from typing import TYPE_CHECKING, Final

from kalends.formats.inert import safe_url, without_bidi

if TYPE_CHECKING:
    from markdown_it import MarkdownIt
    from markdown_it.token import Token

MARKDOWN_RULES: Final = ("list", "newline", "escape", "emphasis", "link", "linkify")


@cache
def markdown_parser() -> "MarkdownIt":
    # Importing it takes a tenth of a second, and only such texts need it.
    from markdown_it import MarkdownIt

    parser = MarkdownIt("zero", {"html": False, "linkify": True, "breaks": True})
    parser.enable([*MARKDOWN_RULES, "balance_pairs", "fragments_join"])
    # markdown-it calls this for each link; an unsafe one stays plain text.
    parser.validateLink = lambda url: bool(safe_url(url))  # type: ignore[method-assign]
    return parser


def markdown_tokens(text: str) -> "list[Token]":
    """The tokens of the text, from which bidi control characters are removed."""
    return markdown_parser().parse(without_bidi(text), {})


def all_tokens(tokens: "Sequence[Token]") -> "Iterator[Token]":
    """All tokens, including nested ones."""
    for token in tokens:
        yield token
        yield from token.children or ()
