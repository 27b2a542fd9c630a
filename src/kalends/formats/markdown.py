"""A little Markdown, as organizations write it: paragraphs, line breaks, lists, emphasis and links.

Addresses of the web and of mail become links by themselves. No HTML, images, headings or code: they
stay the text that they are. Texts have 5,000 characters at the most, and nesting ends at twenty
levels, so the time is bounded.
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
    # A tenth of a second of each start, and only what has such a text needs it.
    from markdown_it import MarkdownIt

    parser = MarkdownIt("zero", {"html": False, "linkify": True, "breaks": True})
    parser.enable([*MARKDOWN_RULES, "balance_pairs", "fragments_join"])
    # markdown-it asks this of each link; what may not be followed stays text.
    parser.validateLink = lambda url: bool(safe_url(url))  # type: ignore[method-assign]
    return parser


def markdown_tokens(text: str) -> "list[Token]":
    """What the text is made of. It has no controls that turn it around any more."""
    return markdown_parser().parse(without_bidi(text), {})


def all_tokens(tokens: "Sequence[Token]") -> "Iterator[Token]":
    """Each of them, and what is within."""
    for token in tokens:
        yield token
        yield from token.children or ()
