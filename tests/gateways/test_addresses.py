"""Which addresses may be called."""
# ruff: noqa: SIM905  (a table of addresses reads better as words)

from ipaddress import IPv4Address, IPv4Network, IPv6Address, ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kalends.gateways.addresses import AllowedDestinations, is_public, read_opened

CLOSED = (
    "0.0.0.0 0.1.2.3 10.0.0.1 10.255.255.255 100.64.0.1 100.127.255.255 100.100.100.200 127.0.0.1 "
    "127.255.255.254 168.63.129.16 169.254.0.1 169.254.169.254 172.16.0.1 172.31.255.255 192.0.0.1 "
    "192.0.0.192 192.0.2.1 192.88.99.1 192.168.0.1 198.18.0.1 198.19.255.255 198.51.100.7 "
    "203.0.113.9 224.0.0.1 239.255.255.255 240.0.0.1 255.255.255.255 "
    ":: ::1 ::8.8.8.8 ::127.0.0.1 ::ffff:127.0.0.1 ::ffff:10.0.0.1 ::ffff:0:8.8.8.8 "
    "64:ff9b::10.0.0.1 64:ff9b::169.254.169.254 64:ff9b:1::1 64:ff9b:1::8.8.8.8 100::1 "
    "2001::1 2001:0:4136:e378:8000:63bf:3fff:fdd2 2001:2::1 2001:10::1 2001:20::1 2001:db8::1 "
    "2002:7f00:1::1 2002:a00:1::1 2002:808:808::1 3fff::1 5f00::1 fc00::1 fd00:ec2::254 "
    "fdff::1 fe80::1 fe80::1%eth0 febf::1 fec0::1 feff::1 ff00::1 ff02::1 ff0e::1 4000::1 "
    "2606:4700:4700::1111%eth0"
).split()
PUBLIC = (
    "1.1.1.1 8.8.8.8 9.255.255.255 11.0.0.0 100.63.255.255 100.128.0.0 126.255.255.255 128.0.0.0 "
    "168.63.129.15 168.63.129.17 169.253.255.255 169.255.0.0 172.15.255.255 172.32.0.0 192.0.1.0 "
    "192.167.255.255 192.169.0.0 198.17.255.255 198.20.0.0 223.255.255.255 2606:4700:4700::1111 "
    "2001:200::1 2001:4860:4860::8888 2a00:1450::1 3ffe::1 ::ffff:8.8.8.8 64:ff9b::8.8.8.8"
).split()
CLOSED_RANGES = (
    "0.0.0.0/8 10.0.0.0/8 100.64.0.0/10 127.0.0.0/8 169.254.0.0/16 172.16.0.0/12 192.0.0.0/24 "
    "192.0.2.0/24 192.168.0.0/16 198.18.0.0/15 198.51.100.0/24 203.0.113.0/24 224.0.0.0/4 "
    "240.0.0.0/4"
).split()


def each_form(address: IPv4Address) -> list[IPv6Address]:
    """Every IPv6 address that means this IPv4 address to somebody."""
    number = int(address)
    return [
        IPv6Address(number),  # v4-compatible
        IPv6Address(0xFFFF << 32 | number),  # v4-mapped
        IPv6Address(0xFFFF << 48 | number),  # v4-translated (SIIT)
        IPv6Address(0x64_FF9B << 96 | number),  # NAT64
        IPv6Address(0x64_FF9B_0001 << 80 | number),  # NAT64, a network's own
        IPv6Address(0x2002 << 112 | number << 80 | 1),  # 6to4
        IPv6Address(0x2001_0000 << 96 | number ^ 0xFFFF_FFFF),  # Teredo, its client
        IPv6Address(0x2001_0000 << 96 | number << 64 | 0xF7F7_F7F7),  # Teredo, its server
    ]


@pytest.mark.parametrize("text", CLOSED)
def test_an_address_that_is_not_public_is_closed(text: str) -> None:
    assert not is_public(ip_address(text))


@pytest.mark.parametrize("text", PUBLIC)
def test_a_public_address_is_public(text: str) -> None:
    assert is_public(ip_address(text))


@given(
    st.sampled_from(CLOSED_RANGES).flatmap(
        lambda text: st.ip_addresses(v=4, network=IPv4Network(text))
    )
)
def test_no_writing_of_a_closed_ipv4_address_opens_it(address: IPv4Address) -> None:
    assert not is_public(address)
    assert not any(is_public(form) for form in each_form(address))


@given(st.ip_addresses())
def test_what_the_standard_library_calls_private_is_never_public(
    address: IPv4Address | IPv6Address,
) -> None:
    mapped = isinstance(address, IPv6Address) and address.ipv4_mapped
    if address.is_private or address.is_multicast or address.is_link_local:
        assert mapped or not is_public(address)


def test_nothing_is_open_unless_it_is_named() -> None:
    assert not AllowedDestinations().has_address(ip_address("127.0.0.1"))
    assert not AllowedDestinations().has_name("localhost")


def test_an_address_and_a_range_are_opened() -> None:
    opened = read_opened(["127.0.0.1", "10.1.0.0/16", "fd00::/8", "::1"])
    for text in ("127.0.0.1", "10.1.2.3", "fd12::1", "::1", "::ffff:10.1.0.1"):
        assert opened.has_address(ip_address(text))
    for text in ("127.0.0.2", "10.2.0.1", "fe80::1", "::2", "::ffff:10.2.0.1", "::10.1.0.1"):
        assert not opened.has_address(ip_address(text))


def test_a_name_is_opened_without_those_below_it() -> None:
    opened = read_opened(["Hooks.internal", "my_service"])
    assert opened.has_name("hooks.INTERNAL")
    assert opened.has_name("my_service")
    assert not opened.has_name("a.hooks.internal")
    assert not opened.has_name("internal")


@pytest.mark.parametrize(
    "item",
    "*.internal http://a.b a.b:80 10.0.0.1/8 10.0.0 10.0.0.256 127.1 0x7f.1 ::g fe80::1%eth0/64 "
    "[::1] a..b .a a. -a a- a_b- / * müller.de 10.0.0.0/33".split(),
)
def test_an_entry_that_opens_nothing_is_an_error(item: str) -> None:
    with pytest.raises(ValueError, match=r"no address or range|neither a host name"):
        read_opened([item])
