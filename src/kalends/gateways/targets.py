"""Reads the target of a URL, strictly enough that no two parsers can understand it differently."""

import re
from collections.abc import Mapping
from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address
from typing import Final

from msgspec import Struct

from kalends.gateways.addresses import Address, has_numeric_end, is_host_name

LONGEST_URL: Final = 2048
HIGHEST_PORT: Final = 65_535
DEFAULT_HTTP_PORTS: Final = {"http": 80, "https": 443}

_URL: Final = re.compile(
    r"(?P<scheme>(?i:https?))://"
    r"(?P<host>\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+)"
    r"(?::(?P<port>[1-9][0-9]{0,4}))?"
    r"(?P<rest>[/?][^#]*)?"
    r"(?:#.*)?"
)
_PRINTABLE: Final = re.compile(r"[!-~]+")
_AUTHORITY: Final = re.compile(r"[A-Za-z]+://([^/?#]*)")


def entered_url(text: str, schemes: Mapping[str, str]) -> str:
    """What somebody typed, as a URL; without a scheme it gets https. `schemes` maps schemes such as
    webcal to those of the web."""
    text = text.strip()
    scheme, mark, rest = text.partition("://")
    if not mark:
        return f"https://{text}"
    web = schemes.get(scheme.lower())
    return f"{web}://{rest}" if web else text


class NotCallable(Exception):
    """The URL may not be called; the text ends a sentence whose subject is the URL."""

    def __init__(self, fault: str) -> None:
        super().__init__(fault)
        self.fault = fault


class NameNotFound(NotCallable):
    """The name in the URL has no address, at least now."""

    def __init__(self) -> None:
        super().__init__("has a name that does not resolve")


class Target(Struct, frozen=True, kw_only=True):
    """Where a URL points: `host` is in lower case and without brackets, `address` is set if the
    host is an address and not a name, and `rest` is path and query as they were written."""

    scheme: str
    host: str
    port: int
    address: Address | None
    rest: str

    @property
    def url(self) -> str:
        """The URL in the canonical form, which every parser understands in the same way."""
        host = f"[{self.host}]" if isinstance(self.address, IPv6Address) else self.host
        port = "" if self.port == DEFAULT_HTTP_PORTS[self.scheme] else f":{self.port}"
        return f"{self.scheme}://{host}{port}{self.rest}"


@lru_cache(maxsize=1_024)  # 2 MB; the same endpoints are called again and again
def read_target(url: str) -> Target:
    """The target of a URL. Raises NotCallable if it is not a plain http or https URL."""
    if len(url) > LONGEST_URL:
        raise NotCallable(f"must not be longer than {LONGEST_URL} characters")
    if not _PRINTABLE.fullmatch(url) or "\\" in url:
        raise NotCallable(
            "must be written in ASCII without spaces, control characters and backslashes: names "
            "in their xn-- form, everything else percent-encoded"
        )
    if not url.lower().startswith(("https://", "http://")):
        raise NotCallable("must begin with https://")
    authority = _AUTHORITY.match(url)
    if authority and "@" in authority[1]:
        raise NotCallable("must not hold a user name or password")
    parts = _URL.fullmatch(url)
    if not parts or int(parts["port"] or 1) > HIGHEST_PORT:
        raise NotCallable("must have a valid host, and a port from 1 to 65535 if any")
    address = _read_host(parts["host"])
    scheme, rest = parts["scheme"].lower(), parts["rest"] or "/"
    return Target(
        scheme=scheme,
        host=parts["host"].lower() if address is None else str(address),
        port=int(parts["port"] or DEFAULT_HTTP_PORTS[scheme]),
        address=address,
        rest=rest if rest.startswith("/") else f"/{rest}",
    )


def _read_host(host: str) -> Address | None:
    """The address, or None for a name. Raises NotCallable if either is written in an odd form."""
    try:
        if host.startswith("["):
            return IPv6Address(host[1:-1])
        if has_numeric_end(host):
            return IPv4Address(host)
    except ValueError:
        raise NotCallable("must have an address in its usual form as its host") from None
    if not is_host_name(host):
        raise NotCallable("must have a valid host name")
    return None
