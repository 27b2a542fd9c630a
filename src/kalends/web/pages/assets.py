"""The files that pages need. Their names carry a hash of what is in them, so browsers keep them
for good, and a new version is a new name."""

import gzip
import hashlib
from importlib.resources import files
from pathlib import PurePath
from typing import Final

from kalends.formats.colours import with_colours
from kalends.web.http.media_types import MEDIA_TYPES
from kalends.web.pages.answers import PageAnswer

FOR_GOOD: Final = "public, max-age=31536000, immutable"


def _load() -> tuple[dict[str, str], dict[str, PageAnswer]]:
    """The URL of each file by its plain name, and what is answered for each hashed one."""
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
        headers = (("cache-control", FOR_GOOD), ("cross-origin-resource-policy", "same-site"))
        answers[hashed] = PageAnswer(
            body, 200, MEDIA_TYPES[name.suffix], headers, gzip.compress(body, 9, mtime=0)
        )
    return urls, answers


URLS, ANSWERS = _load()
