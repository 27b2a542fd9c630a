"""Makes users' texts and URLs inert: without bidi control characters, without unsafe schemes."""

import re
from typing import Any, Final
from urllib.parse import urlsplit

# These change the direction of the text that follows, even beyond the text that they are in.
_BIDI: Final = re.compile("[\u202a-\u202e\u2066-\u2069]")
_LINKS: Final = frozenset({"http", "https", "mailto", "tel"})


def without_bidi(value: Any) -> Any:
    """A text without bidi control characters; other values unchanged. All values of all templates
    go through it."""
    return _BIDI.sub("", value) if type(value) is str else value


def safe_url(url: str) -> str:
    """The URL if it is safe to follow (http, https, mailto, tel), else an empty text."""
    text = url.strip()
    try:
        scheme = urlsplit(text).scheme.lower()
    except ValueError:
        return ""
    is_plain = all(character > " " and character != "\x7f" for character in text)
    return text if scheme in _LINKS and is_plain and not _BIDI.search(text) else ""
