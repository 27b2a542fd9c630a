"""Redirects, followed by hand."""

from collections.abc import AsyncIterator

import pytest

from kalends.domain.calendars.failures import AddressRefused, NotUnderstood, Unanswered
from kalends.gateways.http import GuardedHttp
from kalends.gateways.redirects import Landed, follow
from tests.gateways.asking import LOOPBACK, get, post
from tests.gateways.receivers import OK, Authority, RawReceiver, Visit, always, answer_ok, receiving

pytestmark = pytest.mark.server


def moved(location: str, status: int = 302) -> bytes:
    return f"HTTP/1.1 {status} Go\r\nLocation: {location}\r\nContent-Length: 0\r\n\r\n".encode()


async def leads_on(visit: Visit) -> None:
    """`/3` leads to `/2`, and so on; `/0` is there."""
    while head := await visit.request():
        number = int(head.split()[1][1:])
        await visit.say(moved(f"/{number - 1}") if number else OK)


@pytest.mark.parametrize("hops", [0, 1, 5])
async def test_five_hops_lead_to_an_answer(http: GuardedHttp, hops: int) -> None:
    async with receiving(leads_on) as receiver:
        base = f"http://127.0.0.1:{receiver.port}"
        landed = await follow(http, http.send, get(f"{base}/{hops}"))
    assert isinstance(landed, Landed)
    assert (landed.url, landed.response.status) == (f"{base}/0", 200)
    assert len(receiver.requests) == hops + 1


async def test_six_hops_are_too_many(http: GuardedHttp) -> None:
    async with receiving(leads_on) as receiver:
        landed = await follow(http, http.send, get(f"http://127.0.0.1:{receiver.port}/6"))
    assert isinstance(landed, NotUnderstood)
    assert len(receiver.requests) == 6


@pytest.mark.parametrize("status", [301, 302, 307, 308])
async def test_method_and_body_stay_as_they_are(http: GuardedHttp, status: int) -> None:
    async def leads_there(visit: Visit) -> None:
        await visit.request()
        await visit.say(moved(there.url, status))

    async with receiving(answer_ok) as there, receiving(leads_there) as receiver:
        landed = await follow(http, http.send, post(receiver.url, body=b"body"))
    assert isinstance(landed, Landed)
    assert there.requests[0].startswith(b"POST /hook ")
    assert there.requests[0].endswith(b"\r\n\r\nbody")


async def test_a_see_other_is_the_answer_to_a_change(http: GuardedHttp) -> None:
    async with receiving(always(moved("/there", 303))) as receiver:
        landed = await follow(http, http.send, post(receiver.url))
    assert isinstance(landed, Landed)
    assert landed.response.status == 303


@pytest.fixture
async def plain() -> AsyncIterator[RawReceiver]:
    """A receiver in the clear that must never see a connection."""
    async with receiving(answer_ok) as receiver:
        yield receiver
    assert receiver.connections == 0


async def test_https_never_leads_to_http(authority: Authority, plain: RawReceiver) -> None:
    client = GuardedHttp(LOOPBACK)
    tls = authority.serving("127.0.0.1")
    async with receiving(always(moved(plain.url)), tls) as receiver:
        landed = await follow(client, client.send, get(receiver.url))
    await client.close()
    assert landed == AddressRefused("leads from https to http")


@pytest.mark.parametrize(
    "location",
    [
        "https://10.0.0.1/",
        "https://169.254.169.254/latest",
        "file:///etc/passwd",
        "ftp://127.0.0.1/",
        "https://user:word@127.0.0.1/",
        "http://[",
        "//[::1",
    ],
)
async def test_each_hop_is_checked(http: GuardedHttp, location: str) -> None:
    async with receiving(always(moved(location))) as receiver:
        landed = await follow(http, http.send, get(receiver.url))
    assert isinstance(landed, AddressRefused)


async def test_a_name_that_is_not_found_may_come_back(http: GuardedHttp) -> None:
    async with receiving(always(moved("https://no.invalid/"))) as receiver:
        landed = await follow(http, http.send, get(receiver.url))
    assert landed == Unanswered("the name does not resolve")


async def test_a_client_that_is_closed_refuses_no_address(http: GuardedHttp) -> None:
    client = GuardedHttp(LOOPBACK)
    await client.close()
    landed = await follow(client, client.send, get("https://127.0.0.1/"))
    assert landed == Unanswered("the program is stopping")
