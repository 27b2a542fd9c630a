"""Which IP addresses may be called from here. Pure: it looks up no names and sends nothing.

Public addresses may be called, and those that the operator has opened. `ipaddress.is_global` alone
would allow multicast, site-local and translated addresses, so the closed ranges are listed here.
"""

from collections.abc import Iterable
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Final

from msgspec import Struct

Address = IPv4Address | IPv6Address

_CLOSED_V4: Final = tuple(
    IPv4Network(text)
    for text in (
        "0.0.0.0/8",  # this network
        "10.0.0.0/8",  # private
        "100.64.0.0/10",  # between a provider and its customers
        "127.0.0.0/8",  # loopback
        "168.63.129.16/32",  # looks public, and is where Azure gives its machines their secrets
        "169.254.0.0/16",  # link-local, metadata of most clouds
        "172.16.0.0/12",  # private
        "192.0.0.0/24",  # protocol assignments
        "192.0.2.0/24",  # documentation
        "192.88.99.0/24",  # 6to4 relays, given up (RFC 7526)
        "192.168.0.0/16",  # private
        "198.18.0.0/15",  # benchmarks
        "198.51.100.0/24",  # documentation
        "203.0.113.0/24",  # documentation
        "224.0.0.0/4",  # multicast
        "240.0.0.0/4",  # reserved, broadcast
    )
)

_UNICAST: Final = IPv6Network("2000::/3")
"""All that is given out as public in IPv6. Outside it lie ::1, ::/96 (v4-compatible), 64:ff9b:1::,
100::, fc00::/7, fe80::/10, fec0::/10 and ff00::/8."""

_CLOSED_UNICAST: Final = tuple(
    IPv6Network(text)
    for text in (
        "2001::/23",  # protocol assignments, Teredo among them
        "2001:db8::/32",  # documentation
        "2002::/16",  # 6to4, given up (RFC 7526)
        "3fff::/20",  # documentation (RFC 9637)
    )
)

_NAT64: Final = IPv6Network("64:ff9b::/96")
"""Where a network without IPv4 finds it (RFC 6052 2.1): the last 32 bits are what is called."""


def is_public(address: Address) -> bool:
    """Whether the address leads to the same host from everywhere on the Internet.

    Of an IPv6 address that contains an IPv4 one (v4-mapped, NAT64), the latter is checked. Obsolete
    forms (v4-compatible, 6to4, Teredo) are refused, whatever they contain.
    """
    if isinstance(address, IPv4Address):
        return not any(address in network for network in _CLOSED_V4)
    inner = _translated(address)
    if inner is not None:
        return is_public(inner)
    return (
        address.scope_id is None
        and address in _UNICAST
        and not any(address in network for network in _CLOSED_UNICAST)
    )


def _translated(address: IPv6Address) -> IPv4Address | None:
    if address in _NAT64:
        return IPv4Address(int(address) & 0xFFFF_FFFF)
    return address.ipv4_mapped


class AllowedDestinations(Struct, frozen=True):
    """The host names and ranges that the operator has opened (`KALENDS_OUTBOUND_ALLOW`).

    A name opens exactly that host, whatever it resolves to, and no subdomain. There are no
    wildcards: whoever may create names below one could then reach the whole internal network.
    """

    names: frozenset[str] = frozenset()
    networks: tuple[IPv4Network | IPv6Network, ...] = ()

    def has_name(self, host: str) -> bool:
        return host.lower() in self.names

    def has_address(self, address: Address) -> bool:
        """Whether the address is opened. A v4-mapped one counts as its IPv4 address, as that is
        where the system connects to."""
        mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
        checked = mapped or address
        return any(checked in network for network in self.networks)


def read_opened(items: Iterable[str]) -> AllowedDestinations:
    """Reads host names, addresses and ranges as an operator writes them.

    Raises ValueError with a sentence about the first item that is none of these.
    """
    names: set[str] = set()
    networks: list[IPv4Network | IPv6Network] = []
    for item in items:
        if _looks_like_a_range(item):
            networks.append(_read_range(item))
        elif is_host_name(item):
            names.add(item.lower())
        else:
            raise ValueError(
                f"{item} is neither a host name (without scheme, port or wildcard) nor an address."
            )
    return AllowedDestinations(frozenset(names), tuple(networks))


def _looks_like_a_range(item: str) -> bool:
    """Whether the item can only mean addresses, so that a mistyped one is not taken for a name."""
    return ":" in item or "/" in item or has_numeric_end(item)


def _read_range(item: str) -> IPv4Network | IPv6Network:
    try:
        return ip_network(item)
    except ValueError as error:
        raise ValueError(
            f"{item} is no address or range, such as 10.0.0.5, 10.0.0.0/8 or fd00::/8."
        ) from error


def has_numeric_end(host: str) -> bool:
    """Whether resolvers would read the host as an IPv4 address, be it in an old form such as
    `127.1`, `0x7f.1` or `2130706433`. No top-level domain begins with a digit."""
    last = host.rpartition(".")[2].lower()
    return last.isdigit() or (last.startswith("0x") and all(c in "0123456789abcdefx" for c in last))


def is_host_name(host: str) -> bool:
    """Whether it has labels of ASCII letters, digits and hyphens (and underscores, which some
    intranets use), without a dot at the end (RFC 1123 2.1)."""
    return len(host) <= 253 and all(_is_label(label) for label in host.split("."))


def _is_label(label: str) -> bool:
    letters = label.replace("-", "").replace("_", "")
    return (
        len(label) <= 63
        and letters.isascii()
        and letters.isalnum()
        and not label.startswith("-")
        and not label.endswith("-")
    )


def read_address(text: str) -> Address | None:
    """The address, if the text is its canonical form; else None."""
    try:
        return ip_address(text)
    except ValueError:
        return None
