"""What keeps pages safe: the headers of each, tokens in forms, and user text made inert."""

import hashlib
import hmac
import re
import secrets
from base64 import b64encode, urlsafe_b64decode, urlsafe_b64encode
from binascii import Error as NotBase64
from collections.abc import Sequence
from html import unescape
from typing import Final
from urllib.parse import urlencode, urlsplit

from markupsafe import Markup, escape

from kalends.formats.inert import safe_url, without_bidi
from kalends.web.pages.answers import Headers

# Everything comes from here; nothing runs or styles that stands in the page itself.
_POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; frame-src 'self'; manifest-src 'self'; base-uri 'none'; "
    "form-action 'self'; frame-ancestors "
)
# Not `no-referrer`: under it browsers send forms with `Origin: null`, which is nobody's.
_COMMON: Final = (
    ("referrer-policy", "same-origin"),
    ("permissions-policy", "camera=(), geolocation=(), microphone=(), payment=(), usb=()"),
)
CLOSED: Final[Headers] = (
    ("content-security-policy", _POLICY + "'none'"),
    ("x-frame-options", "DENY"),
    ("cross-origin-opener-policy", "same-origin"),
    *_COMMON,
)
FRAMED: Final[Headers] = (("content-security-policy", _POLICY + "*"), *_COMMON)

# In HTML of ours, where quotes in texts are written as references.
_STYLES: Final = re.compile(r'style="([^"]*)"|<style>(.*?)</style>', re.DOTALL)
_MASK_BYTES: Final = 32


def with_styles(headers: Headers, hashes: Sequence[str]) -> Headers:
    """The same for a page in which these styles stand, and no others."""
    if not hashes:
        return headers
    allowed = " ".join(("style-src 'self' 'unsafe-hashes'", *hashes))
    return tuple((name, value.replace("style-src 'self'", allowed)) for name, value in headers)


def styles_in(page: str) -> tuple[str, ...]:
    """Hashes of the styles in HTML of ours, each once, as a policy names them."""
    styles = dict.fromkeys(unescape(one[1] or one[2] or "") for one in _STYLES.finditer(page))
    digests = (hashlib.sha256(style.encode()).digest() for style in styles)
    return tuple(f"'sha256-{b64encode(digest).decode()}'" for digest in digests)


def isolated(text: str) -> Markup:
    """User text, which keeps its direction to itself."""
    return Markup("<bdi>{}</bdi>").format(without_bidi(str(text)))


def linked(text: str) -> Markup:
    """User text; as a link where it is a URL of the web and nothing else."""
    url = safe_url(text)
    if not url.startswith(("http://", "https://")):
        return isolated(text)
    anchor = '<a href="{}" rel="noopener noreferrer nofollow" target="_blank"><bdi>{}</bdi></a>'
    return Markup(anchor).format(url, url)


def map_url(address: str) -> str:
    """Where a map shows the address; nothing is asked of anybody before somebody follows it."""
    return f"https://www.google.com/maps/search/?{urlencode({'api': 1, 'query': address})}"


def host_of(url: str) -> str:
    """The host of an address, as people read it."""
    return urlsplit(url).netloc


def form_token(session: str) -> str:
    """A token for the forms of a session. It looks different each time, so that nothing can be
    learned of it from how well pages compress."""
    mask = secrets.token_bytes(_MASK_BYTES)
    masked = bytes(a ^ b for a, b in zip(mask, _secret_of(session), strict=True))
    return urlsafe_b64encode(mask + masked).decode()


def is_form_token(token: str, session: str) -> bool:
    """Whether the token was made for that session."""
    try:
        raw = urlsafe_b64decode(token.encode())
    except (NotBase64, ValueError):
        return False
    if len(raw) != 2 * _MASK_BYTES:
        return False
    unmasked = bytes(a ^ b for a, b in zip(raw[:_MASK_BYTES], raw[_MASK_BYTES:], strict=True))
    return hmac.compare_digest(unmasked, _secret_of(session))


def _secret_of(session: str) -> bytes:
    """Nobody gets from it to the session's token, which is random."""
    return hashlib.sha256(b"kalends form " + session.encode()).digest()


def lines(text: str) -> Markup:
    """User text of several lines, isolated, its line breaks kept."""
    parts = [isolated(line) for line in text.splitlines()]
    return Markup("<br>").join(parts) if parts else escape("")


# By the names that templates know them by.
FILTERS: Final = {
    "bdi": isolated,
    "host": host_of,
    "inert": without_bidi,
    "lines": lines,
    "linked": linked,
    "map_url": map_url,
    "safe_url": safe_url,
}
