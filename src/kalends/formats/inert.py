"""What users wrote, so that it does nothing: no turned text, no address that leads elsewhere."""

import re
from typing import Any, Final
from urllib.parse import urlsplit

# They turn the order of what follows around, beyond the text that they stand in.
_BIDI: Final = re.compile("[\u202a-\u202e\u2066-\u2069]")
_LINKS: Final = frozenset({"http", "https", "mailto", "tel"})


def without_bidi(value: Any) -> Any:
    """A text without the controls that turn its order; everything else as it is. Every value of
    every template goes through it."""
    return _BIDI.sub("", value) if type(value) is str else value


def safe_url(url: str) -> str:
    """The URL if it may be followed (http, https, mailto, tel), else nothing."""
    text = url.strip()
    try:
        scheme = urlsplit(text).scheme.lower()
    except ValueError:
        return ""
    is_plain = all(character > " " and character != "\x7f" for character in text)
    return text if scheme in _LINKS and is_plain and not _BIDI.search(text) else ""
