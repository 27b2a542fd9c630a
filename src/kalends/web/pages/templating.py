"""Templates: the environment that they use, and rendering them to HTML.

Everything is escaped, and an undefined name is an error. Every value loses its bidi control
characters (`without_bidi`); `|bdi` also isolates what a user wrote.
"""

import html
import re
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any, Final

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from kalends.domain.location import is_address, is_video_link
from kalends.formats.inert import without_bidi
from kalends.formats.pictures import logo_of, photo_of, picture_at
from kalends.runtime.cooperative import cooperatively
from kalends.web.pages import assets, clock_words, descriptions, labels, safety, wording

LONGEST_LINE: Final = 160
# How much of a template is rendered at once, which takes some 10 ms: each text and value counts as
# one.
WRITTEN_A_PIECE: Final = 500
_MARKDOWN: Final = re.compile(r"[\\`*_{}\[\]()#+!|~:]")


def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("kalends.web.pages", "templates"),
        autoescape=lambda name: name is None or name.endswith(".html"),
        undefined=StrictUndefined,
        finalize=without_bidi,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
        cache_size=-1,
    )
    environment.globals.update(
        **wording.FUNCTIONS,
        labels=labels,
        accent_url=assets.accent_url,
        asset=assets.URLS.__getitem__,
        clock_words=clock_words,
        is_address=is_address,
        logo_of=logo_of,
        photo_of=photo_of,
        picture_at=picture_at,
        is_video_link=is_video_link,
    )
    environment.filters.update(
        **safety.FILTERS,
        **descriptions.FILTERS,
        iso=clock_words.iso,
        one_line=_one_line,
        plain=_plain,
        without=_without,
    )
    return environment


def _one_line(text: str) -> str:
    """User text in one line, for a meta tag."""
    plain = text.unescape() if isinstance(text, Markup) else text
    words = " ".join(plain.split())
    return words if len(words) <= LONGEST_LINE else words[: LONGEST_LINE - 1].rstrip() + "…"


def _plain(text: str) -> str:
    """User text in Markdown: one line, in which nothing is markup or a link."""
    words = html.escape(" ".join(text.split()), quote=False)
    return _MARKDOWN.sub(r"\\\g<0>", words)


def _without(fields: dict[str, Any], name: str) -> dict[str, Any]:
    return {key: value for key, value in fields.items() if key != name}


_ENVIRONMENT: Final = _environment()


def render(template: str, values: dict[str, Any]) -> str:
    """The HTML of the template with these values."""
    return _ENVIRONMENT.get_template(template).render(values)


async def render_in_pieces(template: str, values: dict[str, Any]) -> str:
    """Like `render`, for a long page: other tasks run between its pieces."""
    written = _ENVIRONMENT.get_template(template).generate(values)
    return "".join([piece async for piece in cooperatively(pieces_of_page(written))])


def pieces_of_page(written: Iterable[str]) -> Iterator[str]:
    """The written texts, joined to pieces of WRITTEN_A_PIECE each."""
    remaining = iter(written)
    while piece := "".join(islice(remaining, WRITTEN_A_PIECE)):
        yield piece
