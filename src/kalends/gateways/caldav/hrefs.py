"""Canonical WebDAV addresses, as servers spell the same address in many ways (RFC 3986 6.2)."""

import re
from typing import Final
from urllib.parse import quote, unquote_to_bytes, urlsplit

from kalends.gateways.redirects import is_downgrade, join

LONGEST_HREF: Final = 1500
UNQUOTED: Final = "!$&'()*+,;=:@-._~"

# The form in which most servers write the paths of objects; it is canonical already.
_CANONICAL: Final = re.compile(r"/(?:[A-Za-z0-9!$&'()*+,;=:@._~-]+/)*[A-Za-z0-9@_-]+\.ics")


def canonical_path(path: str) -> str:
    """The path in which each character is plain if RFC 3986 allows it, and percent-encoded if not.
    An encoded slash stays encoded, as it does not separate segments."""
    return "/".join(quote(unquote_to_bytes(part), safe=UNQUOTED) for part in path.split("/"))


def resolve(base_url: str, href: str) -> str:
    """The URL that an answer from `base_url` names; empty if it is not a URL. A server that does
    not know of a TLS proxy in front of it is still called by https."""
    parts, base = urlsplit(join(base_url, href)), urlsplit(base_url)
    if not parts.netloc:
        return ""
    if parts.hostname == base.hostname and is_downgrade(base_url, parts.geturl()):
        parts = parts._replace(scheme=base.scheme, netloc=base.netloc)
    return f"{parts.scheme}://{parts.netloc}{canonical_path(parts.path or '/')}"


def resolve_collection(base_url: str, href: str) -> str:
    """Like `resolve`, with the slash at the end that collections have (RFC 4918 5.2)."""
    url = resolve(base_url, href)
    return url if url.endswith("/") or not url else f"{url}/"


def path_of(base_url: str, href: str) -> str:
    """The path that an answer from `base_url` names. The host is ignored: servers behind a proxy
    name hosts and schemes that only they know, and we use the one that we know."""
    if _CANONICAL.fullmatch(href):
        return href
    return canonical_path(urlsplit(join(base_url, href)).path)


def member_of(calendar_url: str, path: str) -> bool:
    """Whether the path is that of an object directly in the calendar: not the calendar itself, nor
    deeper, nor outside."""
    name = path.removeprefix(urlsplit(calendar_url).path)
    return (
        name != path
        and len(name) > 0
        and len(path) <= LONGEST_HREF
        and "/" not in name
        and name not in (".", "..")
    )


def url_in(calendar_url: str, path: str) -> str:
    """The URL of an object with this href."""
    parts = urlsplit(calendar_url)
    return f"{parts.scheme}://{parts.netloc}{path}"
