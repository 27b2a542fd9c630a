"""Addresses of WebDAV in one spelling: servers write one address in many (RFC 3986 6.2)."""

import re
from typing import Final
from urllib.parse import quote, unquote_to_bytes, urlsplit

from kalends.gateways.redirects import is_downgrade, join

LONGEST_HREF: Final = 1500
UNQUOTED: Final = "!$&'()*+,;=:@-._~"

# A path as most servers write it, which is that of most objects: nothing has to be looked into.
_CANONICAL: Final = re.compile(r"/(?:[A-Za-z0-9!$&'()*+,;=:@._~-]+/)*[A-Za-z0-9@_-]+\.ics")


def canonical_path(path: str) -> str:
    """The path with each character either plain or percent-encoded, as RFC 3986 lets it be. An
    encoded slash stays one: it is no border."""
    return "/".join(quote(unquote_to_bytes(part), safe=UNQUOTED) for part in path.split("/"))


def resolve(base_url: str, href: str) -> str:
    """The URL that an answer of `base_url` names; empty for what is no URL. A server that stands
    behind a proxy for TLS, and does not know it, is still asked by https."""
    parts, base = urlsplit(join(base_url, href)), urlsplit(base_url)
    if not parts.netloc:
        return ""
    if parts.hostname == base.hostname and is_downgrade(base_url, parts.geturl()):
        parts = parts._replace(scheme=base.scheme, netloc=base.netloc)
    return f"{parts.scheme}://{parts.netloc}{canonical_path(parts.path or '/')}"


def resolve_collection(base_url: str, href: str) -> str:
    """As `resolve`, with the slash at the end that collections have (RFC 4918 5.2)."""
    url = resolve(base_url, href)
    return url if url.endswith("/") or not url else f"{url}/"


def path_of(base_url: str, href: str) -> str:
    """The path that an answer of `base_url` names. The host is left out: behind a proxy servers
    tell of hosts and schemes that only they know, and we ask the one that we know."""
    if _CANONICAL.fullmatch(href):
        return href
    return canonical_path(urlsplit(join(base_url, href)).path)


def member_of(calendar_url: str, path: str) -> bool:
    """Whether the path is that of an object right in the calendar: neither itself, nor deeper,
    nor outside."""
    name = path.removeprefix(urlsplit(calendar_url).path)
    return (
        name != path
        and len(name) > 0
        and len(path) <= LONGEST_HREF
        and "/" not in name
        and name not in (".", "..")
    )


def url_in(calendar_url: str, path: str) -> str:
    """The URL of an object by its href."""
    parts = urlsplit(calendar_url)
    return f"{parts.scheme}://{parts.netloc}{path}"
