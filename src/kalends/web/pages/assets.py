"""The static files of pages. Their names contain a hash of their content, so browsers may cache
them for ever: a new version has a new name."""

import gzip
import hashlib
import re
from importlib.resources import files
from pathlib import PurePath
from typing import Final

from kalends.formats.accents import accent_style_sheet
from kalends.formats.colours import with_colours
from kalends.web.http.media_types import MEDIA_TYPES
from kalends.web.pages.answers import PageAnswer

FOR_GOOD: Final = "public, max-age=31536000, immutable"
_KEPT: Final = (("cache-control", FOR_GOOD), ("cross-origin-resource-policy", "same-site"))
_ACCENT: Final = re.compile(r"accent-1\.([0-9a-f]{6})\.css")


def _load() -> tuple[dict[str, str], dict[str, PageAnswer]]:
    """The URL of each file by its plain name, and the answer for each hashed name."""
    urls: dict[str, str] = {}
    answers: dict[str, PageAnswer] = {}
    for file in (files("kalends.web.pages") / "static").iterdir():
        name = PurePath(file.name)
        if name.suffix not in MEDIA_TYPES:
            continue
        body = file.read_bytes()
        if name.suffix == ".css":
            body = with_colours(body.decode()).encode()
        hashed = f"{name.stem}.{hashlib.sha256(body).hexdigest()[:12]}{name.suffix}"
        urls[file.name] = f"/static/{hashed}"
        answers[hashed] = PageAnswer(
            body, 200, MEDIA_TYPES[name.suffix], _KEPT, gzip.compress(body, 9, mtime=0)
        )
    return urls, answers


def accent_url(color: str) -> str:
    """The URL of the style sheet for an organization's colour. Its name determines its content; if
    colours are derived in another way, a number in it changes."""
    return f"/static/accent-1.{color.removeprefix('#')}.css"


def find_file(name: str) -> PageAnswer | None:
    """The answer for a hashed name, or for the style sheet of a colour."""
    color = _ACCENT.fullmatch(name)
    if color is None:
        return ANSWERS.get(name)
    return PageAnswer(accent_style_sheet(f"#{color[1]}").encode(), 200, MEDIA_TYPES[".css"], _KEPT)


URLS, ANSWERS = _load()
