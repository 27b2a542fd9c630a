"""The guarded client: where it goes, and where it never goes. Real receivers on loopback."""
# ruff: noqa: SIM905  (a table of hosts reads better as words)

import asyncio
import ssl
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from kalends.compose import open_gateways
from kalends.domain.gateways import OutboundResponse, Unreachable
from kalends.gateways.addresses import read_opened
from kalends.gateways.http import GuardedHttp
from kalends.settings import Settings
from tests.gateways.asking import LOOPBACK, pointing_to, post
from tests.gateways.receivers import Authority, RawReceiver, Visit, answer_ok, receiving

pytestmark = pytest.mark.server

# Where requests may go.

ONLY_HTTPS = "must begin with https://, unless KALENDS_OUTBOUND_ALLOW opens its host"


def closed(address: str) -> str:
    return (
        f"points to an address that may not be called ({address}): KALENDS_OUTBOUND_ALLOW opens it"
    )


@pytest.fixture
async def canary() -> AsyncIterator[RawReceiver]:
    """A receiver on loopback that must never see a connection."""
    async with receiving(answer_ok) as receiver:
        yield receiver
    assert receiver.connections == 0


POINTED = [
    (["127.0.0.1"], "127.0.0.1"),
    (["::1"], "::1"),
    (["8.8.8.8", "127.0.0.1"], "127.0.0.1"),
    (["127.0.0.1", "8.8.8.8"], "127.0.0.1"),
    (["2606:4700:4700::1111", "::1"], "::1"),
    (["::ffff:127.0.0.1"], "::ffff:7f00:1"),
    (["fe80::1%eth0"], "fe80::1%eth0"),
    (["127.1"], "127.1"),
    (["localhost"], "localhost"),
]


@pytest.mark.parametrize(("addresses", "at_fault"), POINTED)
async def test_a_name_with_any_inside_address_is_refused(
    canary: RawReceiver, addresses: list[str], at_fault: str
) -> None:
    client = GuardedHttp(read_opened([]), pointing_to(addresses))
    url = f"https://hook.example:{canary.port}/"
    fault = await client.find_fault(url)
    came = await client.send(post(url))
    await client.close()
    assert fault
    assert fault.startswith("points to an address that may not be called (")
    assert isinstance(came, Unreachable)
    assert came.is_refused
    assert came.reason == fault


@pytest.mark.parametrize(
    "host",
    "127.0.0.1 [::1] [::ffff:127.0.0.1] [::ffff:7f00:1] [::127.0.0.1] [64:ff9b::127.0.0.1] "
    "[2002:7f00:1::] 0.0.0.0 [::] 127.255.255.254 localhost 127.1 2130706433 0x7f.1".split(),
)
@pytest.mark.parametrize("scheme", ["https", "http"])
async def test_loopback_is_never_reached(canary: RawReceiver, scheme: str, host: str) -> None:
    client = GuardedHttp(read_opened([]))
    url = f"{scheme}://{host}:{canary.port}/"
    assert await client.find_fault(url)
    came = await client.send(post(url))
    await client.close()
    assert isinstance(came, Unreachable)
    assert came.is_refused


async def test_a_name_that_turns_inside_after_its_check_is_not_followed(
    canary: RawReceiver,
) -> None:
    answers = [["127.0.0.2"], ["127.0.0.1"]] * 5
    client = GuardedHttp(read_opened(["127.0.0.2"]), pointing_to(*answers))
    url = f"https://hook.example:{canary.port}/"
    assert await client.find_fault(url) is None
    reasons = set()
    for _ in range(3):
        came = await client.send(post(url))
        assert isinstance(came, Unreachable)
        reasons.add(came.reason)
    await client.close()
    assert reasons == {
        closed("127.0.0.1"),
        "the connection was refused",
    }


async def test_the_connection_goes_to_the_checked_address() -> None:
    lookups: list[str] = []

    async def resolve(host: str) -> list[str]:
        lookups.append(host)
        return ["127.0.0.1"] if len(lookups) == 1 else ["127.0.0.2"]

    client = GuardedHttp(read_opened(["127.0.0.1", "127.0.0.2"]), resolve)
    async with receiving(answer_ok) as receiver:
        came = await client.send(post(f"http://hook.example:{receiver.port}/"))
    await client.close()
    assert isinstance(came, OutboundResponse)
    assert lookups == ["hook.example"]
    assert f"Host: hook.example:{receiver.port}".encode() in receiver.requests[0]


async def test_an_allowed_name_is_called_at_any_address() -> None:
    client = GuardedHttp(read_opened(["hook.internal"]), pointing_to(["127.0.0.1"]))
    async with receiving(answer_ok) as receiver:
        url = f"http://HOOK.internal:{receiver.port}/"
        assert await client.find_fault(url) is None
        assert isinstance(await client.send(post(url)), OutboundResponse)
        other = await client.find_fault(f"http://other.internal:{receiver.port}/")
    await client.close()
    assert other == ONLY_HTTPS


async def test_an_opened_range_opens_the_names_that_point_into_it_alone() -> None:
    client = GuardedHttp(
        read_opened(["127.0.0.0/30"]),
        pointing_to(["127.0.0.1"], ["127.0.0.1", "127.0.0.9"], ["127.0.0.1", "8.8.8.8"]),
    )
    faults = [await client.find_fault("http://hook.example/") for _ in range(3)]
    await client.close()
    assert faults == [
        None,
        closed("127.0.0.9"),
        ONLY_HTTPS,
    ]


async def test_what_is_open_by_https_is_not_thereby_open_by_http() -> None:
    client = GuardedHttp(LOOPBACK, pointing_to(["8.8.8.8"]))
    assert await client.find_fault("https://hook.example:443/") is None
    came = await client.send(post("http://hook.example:443/"))
    await client.close()
    assert isinstance(came, Unreachable)
    assert came.is_refused
    assert came.reason == ONLY_HTTPS


@pytest.mark.parametrize(
    ("url", "fault"),
    [
        ("http://example.com/", ONLY_HTTPS),
        ("https://10.0.0.1/", closed("10.0.0.1")),
        ("https://no.invalid/", "has a name that does not resolve"),
        ("https://1.1.1.1/", None),
        ("https://[2606:4700:4700::1111]:8443/x", None),
    ],
)
async def test_a_fault_ends_a_sentence(url: str, fault: str | None) -> None:
    client = GuardedHttp(read_opened([]))
    assert await client.find_fault(url) == fault
    await client.close()


# Certificates.


async def https_reason(tls: ssl.SSLContext, host: str = "hook.example") -> str | int:
    client = GuardedHttp(LOOPBACK, pointing_to(["127.0.0.1"]))
    async with receiving(answer_ok, tls) as receiver:
        came = await client.send(post(f"https://{host}:{receiver.port}/"))
    await client.close()
    assert isinstance(came, Unreachable) == (not receiver.requests)
    return came.status if isinstance(came, OutboundResponse) else came.reason


async def test_the_name_is_sent_and_its_certificate_is_valid(authority: Authority) -> None:
    names: list[str | None] = []
    tls = authority.serving("hook.example")
    tls.sni_callback = lambda _, name, __: names.append(name)
    assert await https_reason(tls) == 200
    assert names == ["hook.example"]


async def test_a_certificate_for_an_address_is_valid(authority: Authority) -> None:
    assert await https_reason(authority.serving("127.0.0.1"), "127.0.0.1") == 200


async def test_a_certificate_for_another_name_is_not_valid(authority: Authority) -> None:
    reason = await https_reason(authority.serving("other.example"))
    assert str(reason).startswith("the certificate is not valid: Hostname mismatch")


async def test_an_old_certificate_is_not_valid(authority: Authority) -> None:
    reason = await https_reason(authority.serving("hook.example", days=-1))
    assert reason == "the certificate is not valid: certificate has expired"


async def test_a_certificate_of_an_unknown_authority_is_not_valid(tmp_path: Path) -> None:
    reason = await https_reason(Authority(tmp_path).serving("hook.example"))
    assert str(reason).startswith("the certificate is not valid: unable to get local issuer")


async def test_a_server_without_tls_is_reported() -> None:
    async def greet(visit: Visit) -> None:
        await visit.say(b"220 mail.example ESMTP\r\n")
        await visit.request()

    client = GuardedHttp(LOOPBACK)
    async with receiving(greet) as receiver:
        came = await client.send(post(f"https://127.0.0.1:{receiver.port}/"))
    await client.close()
    assert isinstance(came, Unreachable)
    assert came.reason == "no secure connection could be made"


# How it is put together.


async def test_the_settings_open_what_they_name(tmp_path: Path) -> None:
    environ = {"KALENDS_DATA_DIR": str(tmp_path), "KALENDS_OUTBOUND_ALLOW": "127.0.0.1, a.test"}
    made = open_gateways(Settings.from_environ(environ))
    async with receiving(answer_ok) as receiver:
        assert isinstance(await made.http.send(post(receiver.url)), OutboundResponse)
    await made.http.close()


async def test_the_libraries_are_not_imported_with_the_program() -> None:
    look = "import sys, kalends.serving; sys.exit(bool({'aiohttp', 'aiosmtplib'} & {*sys.modules}))"
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", look)
    assert await process.wait() == 0
