"""Renders users' descriptions, which may have links and a little Markdown, as HTML.

It supports paragraphs, line breaks, lists, emphasis and links; URLs and mail addresses become links
by themselves. HTML, images, headings and code stay plain text. A description has at most 5,000
characters and nesting at most twenty levels, so the time is bounded.
"""

from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Final

from markupsafe import Markup

from kalends.domain.event_type import Question
from kalends.formats.inert import safe_url, without_bidi
from kalends.formats.markdown import all_tokens, markdown_parser, markdown_tokens
from kalends.web.pages.safety import isolated

if TYPE_CHECKING:
    from markdown_it.token import Token

REL: Final = "nofollow noopener"
DESCRIPTIONS_KEPT: Final = 512


@lru_cache(maxsize=DESCRIPTIONS_KEPT)
def description_html(text: str) -> Markup:
    """The description as HTML. Each paragraph has the text direction of its first letters."""
    markdown = markdown_parser()
    tokens = markdown_tokens(text)
    for token in all_tokens(tokens):
        if token.type in ("paragraph_open", "list_item_open"):
            token.attrSet("dir", "auto")
        if token.type == "link_open":
            token.attrSet("rel", REL)
            token.attrSet("target", "_blank")
    return Markup(markdown.renderer.render(tokens, markdown.options, {}))


@lru_cache(maxsize=DESCRIPTIONS_KEPT)
def without_markup(text: str) -> str:
    """The description as plain text, in one line."""
    inline = [token for token in markdown_tokens(text) if token.type == "inline"]
    words = ("".join(_words(token.children or ())) for token in inline)
    return " ".join(" ".join(words).split())


def consent_label(question: Question) -> Markup:
    """The label of a consent, in which its one link works."""
    link = question.link
    if link is None or not safe_url(link.url):
        return isolated(question.label)
    before, after = question.label[: link.start], question.label[link.end :]
    html = '<bdi>{}<a href="{}" rel="{}" target="_blank">{}</a>{}</bdi>'
    inert = (without_bidi(part) for part in (link.text, after))
    return Markup(html).format(without_bidi(before), link.url, REL, *inert)


def _words(tokens: "Sequence[Token]") -> Iterator[str]:
    for token in tokens:
        yield " " if token.type in ("softbreak", "hardbreak") else token.content


# The template filters, by their names in templates.
FILTERS: Final = {
    "consent": consent_label,
    "described": description_html,
    "without_markup": without_markup,
}
