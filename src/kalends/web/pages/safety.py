"""The security of pages: their headers, tokens in forms, and escaping of users' texts."""

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

# Everything has to come from our own origin, and inline scripts and styles have no effect.
_POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; frame-src 'self'; manifest-src 'self'; base-uri 'none'; "
    "form-action 'self'; frame-ancestors "
)
# `no-referrer` would not do, as browsers then send forms with `Origin: null`, as anybody might.
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

# Finds styles in our own HTML, in which quotes in texts are written as character references.
_STYLES: Final = re.compile(r'style="([^"]*)"|<style>(.*?)</style>', re.DOTALL)
_MASK_BYTES: Final = 32


def with_styles(headers: Headers, hashes: Sequence[str]) -> Headers:
    """The headers for a page with these inline styles, and no others."""
    if not hashes:
        return headers
    allowed = " ".join(("style-src 'self' 'unsafe-hashes'", *hashes))
    return tuple((name, value.replace("style-src 'self'", allowed)) for name, value in headers)


def styles_in(page: str) -> tuple[str, ...]:
    """The hashes of the inline styles in our own HTML, each once, as a policy has them."""
    styles = dict.fromkeys(unescape(one[1] or one[2] or "") for one in _STYLES.finditer(page))
    digests = (hashlib.sha256(style.encode()).digest() for style in styles)
    return tuple(f"'sha256-{b64encode(digest).decode()}'" for digest in digests)


def isolated(text: str) -> Markup:
    """User text, escaped and isolated, so that its direction does not affect words around it."""
    return Markup("<bdi>{}</bdi>").format(without_bidi(str(text)))


def linked(text: str) -> Markup:
    """User text; as a link if it is a URL of the web and nothing else."""
    url = safe_url(text)
    if not url.startswith(("http://", "https://")):
        return isolated(text)
    anchor = '<a href="{}" rel="noopener noreferrer nofollow" target="_blank"><bdi>{}</bdi></a>'
    return Markup(anchor).format(url, url)


def map_url(address: str) -> str:
    """The URL of a map that shows the address; no request is made unless somebody follows it."""
    return f"https://www.google.com/maps/search/?{urlencode({'api': 1, 'query': address})}"


def host_of(url: str) -> str:
    """The host of a URL, as people read it."""
    return urlsplit(url).netloc


def form_token(session: str) -> str:
    """A token for the forms of a session. It looks different each time, so that the compressed size
    of pages reveals nothing about it."""
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
    """The secret behind a session's form tokens, from which the session's token cannot be found."""
    return hashlib.sha256(b"kalends form " + session.encode()).digest()


def lines(text: str) -> Markup:
    """User text of several lines, escaped and isolated, with its line breaks."""
    parts = [isolated(line) for line in text.splitlines()]
    return Markup("<br>").join(parts) if parts else escape("")


# The template filters, by their names in templates.
FILTERS: Final = {
    "bdi": isolated,
    "host": host_of,
    "inert": without_bidi,
    "lines": lines,
    "linked": linked,
    "map_url": map_url,
    "safe_url": safe_url,
}
