"""The guarded client: what it sends, what it bears, and when it gives up. Real receivers."""

import asyncio
import gzip
from typing import Any

import pytest

from kalends import __version__
from kalends.domain.gateways import OutboundRequest, OutboundResponse, Unreachable
from kalends.gateways.addresses import read_opened
from kalends.gateways.http import GuardedHttp
from tests.gateways.asking import LOOPBACK, get, post, reason_for
from tests.gateways.receivers import OK, Behave, Visit, always, answer_ok, once, receiving

pytestmark = pytest.mark.server

WEBHOOK = {"webhook-id": "wh_evt_1"}


# What is sent, and what comes back.


async def test_a_request_arrives_as_it_was_given(http: GuardedHttp) -> None:
    async with receiving(answer_ok) as receiver:
        url = f"{receiver.url}/%2e%2E//x?y=%0d%0A&z=[1]"
        request = post(url, body=b"\xff\x00{}", headers={"Content-Type": "application/json"})
        came = await http.send(request)
    assert isinstance(came, OutboundResponse)
    assert (came.status, came.body, came.is_cut) == (200, b"ok", False)
    head, _, body = receiver.requests[0].partition(b"\r\n\r\n")
    lines = head.split(b"\r\n")
    assert lines[0] == b"POST /hook/%2e%2E//x?y=%0d%0A&z=[1] HTTP/1.1"
    assert body == b"\xff\x00{}"
    assert f"User-Agent: Kalends/{__version__}".encode() in lines
    assert b"Content-Type: application/json" in lines
    assert b"Accept-Encoding: identity" in lines
    assert f"Host: 127.0.0.1:{receiver.port}".encode() in lines


@pytest.mark.parametrize("status", [200, 201, 204, 304, 400, 404, 410, 429, 500, 503, 599])
async def test_every_status_is_an_answer(http: GuardedHttp, status: int) -> None:
    text = f"HTTP/1.1 {status} So\r\nContent-Length: 0\r\nRetry-After: 7\r\n\r\n".encode()
    async with receiving(always(text)) as receiver:
        came = await http.send(post(receiver.url))
    assert isinstance(came, OutboundResponse)
    assert (came.status, came.headers["retry-after"]) == (status, "7")


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_a_redirect_is_an_answer_and_is_not_followed(http: GuardedHttp, status: int) -> None:
    async with receiving(answer_ok) as canary:
        text = f"HTTP/1.1 {status} Go\r\nLocation: {canary.url}\r\nContent-Length: 0\r\n\r\n"
        async with receiving(always(text.encode())) as receiver:
            came = await http.send(post(receiver.url))
    assert isinstance(came, OutboundResponse)
    assert (came.status, came.headers["location"]) == (status, canary.url)
    assert canary.connections == 0


async def test_cookies_are_never_sent_back(http: GuardedHttp) -> None:
    text = b"HTTP/1.1 200 OK\r\nSet-Cookie: a=b; Path=/\r\nContent-Length: 0\r\n\r\n"
    async with receiving(always(text)) as receiver:
        url = f"http://localhost:{receiver.port}/"
        client = GuardedHttp(read_opened(["localhost"]))
        await client.send(post(url))
        await client.send(post(url))
        await client.close()
    assert len(receiver.requests) == 2
    assert b"cookie" not in receiver.requests[1].lower()


async def test_a_proxy_of_the_environment_is_not_used(
    http: GuardedHttp, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with receiving(answer_ok) as proxy, receiving(answer_ok) as receiver:
        for name in ("http_proxy", "HTTP_PROXY", "https_proxy", "all_proxy", "ALL_PROXY"):
            monkeypatch.setenv(name, f"http://127.0.0.1:{proxy.port}")
        await http.send(post(receiver.url))
    assert (proxy.connections, receiver.connections) == (0, 1)


async def test_repeated_headers_are_joined_and_odd_bytes_replaced(http: GuardedHttp) -> None:
    text = b"HTTP/1.1 200 OK\r\nX-A: 1\r\nx-a: 2\r\nX-B: caf\xe9\r\nContent-Length: 0\r\n\r\n"
    async with receiving(always(text)) as receiver:
        came = await http.send(get(receiver.url))
    assert isinstance(came, OutboundResponse)
    assert (came.headers["x-a"], came.headers["x-b"]) == ("1, 2", "caf\ufffd")


# Limits of size and time.


async def test_a_body_is_cut_at_its_limit(http: GuardedHttp) -> None:
    text = b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n0123456789"
    async with receiving(always(text)) as receiver:
        cut = await http.send(get(receiver.url, most_bytes=9))
        whole = await http.send(get(receiver.url, most_bytes=10))
    assert isinstance(cut, OutboundResponse)
    assert isinstance(whole, OutboundResponse)
    assert (cut.body, cut.is_cut) == (b"012345678", True)
    assert (whole.body, whole.is_cut) == (b"0123456789", False)


async def test_an_endless_body_is_read_to_the_limit_only(http: GuardedHttp) -> None:
    sent = 0

    async def flood(visit: Visit) -> None:
        nonlocal sent
        await visit.request()
        await visit.say(b"HTTP/1.1 200 OK\r\n\r\n")
        while True:
            await visit.say(b"x" * 65536)
            sent += 65536

    async with receiving(flood) as receiver:
        came = await http.send(get(receiver.url, most_bytes=1000))
    assert isinstance(came, OutboundResponse)
    assert (len(came.body), came.is_cut) == (1000, True)
    assert sent < 50_000_000  # what fits into the sockets' buffers, and no more


async def test_a_compressed_body_is_not_blown_up(http: GuardedHttp) -> None:
    bomb = gzip.compress(bytes(50_000_000))
    head = f"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: {len(bomb)}\r\n\r\n"
    async with receiving(always(head.encode() + bomb)) as receiver:
        came = await http.send(get(receiver.url))
    assert isinstance(came, OutboundResponse)
    assert came.body == bomb[:65_536]


async def endless_headers(visit: Visit) -> None:
    await visit.request()
    await visit.say(b"HTTP/1.1 200 OK\r\n")
    while True:
        await visit.say(b"X-Pad: " + b"x" * 1000 + b"\r\n")


async def one_endless_header(visit: Visit) -> None:
    await visit.request()
    await visit.say(b"HTTP/1.1 200 OK\r\nX-Pad: ")
    while True:
        await visit.say(b"x" * 65536)


async def endless_trailers(visit: Visit) -> None:
    await visit.request()
    await visit.say(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n")
    while True:
        await visit.say(b"X-Pad: " + b"x" * 1000 + b"\r\n")


@pytest.mark.parametrize("behave", [endless_headers, one_endless_header])
async def test_endless_headers_are_not_read_on(http: GuardedHttp, behave: Any) -> None:
    async with receiving(behave) as receiver:
        assert await reason_for(http, post(receiver.url)) == "the answer is not valid HTTP"


async def test_endless_trailers_are_not_read_on(http: GuardedHttp) -> None:
    async with receiving(endless_trailers) as receiver:
        reason = await reason_for(http, post(receiver.url))
    # Which one, depends on where the packets cut the trailers.
    assert reason in ("the answer broke off", "the answer is not valid HTTP")


async def silence(visit: Visit) -> None:
    await visit.request()
    await asyncio.Event().wait()


def dripping(begun: bytes) -> Behave:
    async def drip(visit: Visit) -> None:
        await visit.request()
        await visit.say(begun)
        while True:
            await visit.say(b"x")
            await asyncio.sleep(0.05)

    return drip


SLOW = {
    "silence": silence,
    "headers": dripping(b"HTTP/1.1 200 OK\r\nX: "),
    "body": dripping(b"HTTP/1.1 200 OK\r\nContent-Length: 99999\r\n\r\n"),
}


@pytest.mark.parametrize("behave", SLOW.values(), ids=SLOW)
async def test_a_slow_receiver_is_given_up_in_time(http: GuardedHttp, behave: Behave) -> None:
    async with receiving(behave) as receiver:
        came = await http.send(post(receiver.url, timeout_seconds=0.5))
    assert isinstance(came, Unreachable)
    assert came.reason == "no answer within 0.5 s"
    assert 450 <= came.duration_ms < 4000


async def test_a_handshake_that_never_comes_is_given_up_in_time(http: GuardedHttp) -> None:
    async with receiving(silence) as receiver:
        url = f"https://127.0.0.1:{receiver.port}/"
        reason = await reason_for(http, post(url, timeout_seconds=0.5))
    assert reason == "no answer within 0.5 s"


async def test_a_name_that_takes_long_to_find_is_given_up_in_time() -> None:
    async def resolve(host: str) -> list[str]:
        await asyncio.Event().wait()
        return []

    client = GuardedHttp(LOOPBACK, resolve)
    reason = await reason_for(client, post("https://slow.example/", timeout_seconds=0.5))
    await client.close()
    assert reason == "no answer within 0.5 s"


# What a network does.


async def test_a_port_where_nobody_listens_is_reported(http: GuardedHttp) -> None:
    async with receiving(answer_ok) as receiver:
        pass
    assert await reason_for(http, post(receiver.url)) == "the connection was refused"


async def test_a_name_that_does_not_exist_is_reported(http: GuardedHttp) -> None:
    came = await http.send(post("https://no.invalid/"))
    assert isinstance(came, Unreachable)
    assert came.reason == "the name does not resolve"
    assert not came.is_refused  # names come back


BROKEN = {
    "the connection was closed without an answer": {
        "nothing": b"",
        "half a status": b"HTTP/1.1 2",
        "half the headers": b"HTTP/1.1 200 OK\r\nA: b",
    },
    "the answer broke off": {
        "half a body": b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf",
        "half a chunk": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n9\r\nhalf",
    },
    "the answer is not valid HTTP": {
        "a wrong chunk": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nhalf",
        "no HTTP": b"SSH-2.0-OpenSSH_9.6\r\n\r\n",
        "another version": b"HTTP/3.7 200 OK\r\n\r\n",
        "a long status": b"HTTP/1.1 20000 OK\r\n\r\n",
        "two lengths": b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nok",
        "a length below zero": b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\nok",
        "a NUL": b"HTTP/1.1 200 OK\r\nA: \x00\r\n\r\n",
    },
}
BROKEN_ANSWERS = [
    pytest.param(text, reason, id=kind)
    for reason, answers in BROKEN.items()
    for kind, text in answers.items()
]


@pytest.mark.parametrize(("text", "reason"), BROKEN_ANSWERS)
@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_a_broken_answer_is_reported_and_not_requested_again(
    http: GuardedHttp, text: bytes, reason: str, method: str
) -> None:
    async with receiving(once(text)) as receiver:
        request = OutboundRequest(
            method=method, url=receiver.url, timeout_seconds=5, headers=WEBHOOK
        )
        assert await reason_for(http, request) == reason
    assert receiver.connections == 1


async def test_noise_never_raises(http: GuardedHttp) -> None:
    async def noise(visit: Visit) -> None:
        await visit.request()
        await visit.say(bytes((visit.number * 7 + i * i) % 256 for i in range(300)))

    async with receiving(noise) as receiver:
        for _ in range(50):
            assert await reason_for(http, post(receiver.url, headers=WEBHOOK))


async def test_an_endless_row_of_interim_answers_is_not_read_on(http: GuardedHttp) -> None:
    async def flood(visit: Visit) -> None:
        await visit.request()
        while True:
            await visit.say(b"HTTP/1.1 100 Continue\r\n\r\n" * 1000)

    async with receiving(flood) as receiver:
        assert await reason_for(http, post(receiver.url)) == "the answer is not valid HTTP"


async def test_some_interim_answers_are_fine(http: GuardedHttp) -> None:
    text = b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n" * 3 + OK
    async with receiving(always(text)) as receiver:
        for _ in range(10):
            came = await http.send(post(receiver.url))
            assert isinstance(came, OutboundResponse)
            assert (came.status, came.body) == (200, b"ok")
    assert receiver.connections == 1


# Connections that are kept.


async def test_a_connection_serves_many_requests(http: GuardedHttp) -> None:
    async with receiving(answer_ok) as receiver:
        for _ in range(20):
            await http.send(post(receiver.url))
    assert (receiver.connections, len(receiver.requests)) == (1, 20)


async def ends_at_the_second_request(visit: Visit) -> None:
    """As a server that closes an idle connection just as the next request is on its way."""
    await visit.request()
    await visit.say(OK)
    if visit.number > 1:
        await visit.request()
        await visit.say(OK)
    await visit.request()


@pytest.mark.parametrize(
    ("method", "headers"),
    [
        ("POST", WEBHOOK),
        ("POST", {"Idempotency-Key": "a"}),
        ("GET", {}),
        ("PUT", {}),
        ("DELETE", {}),
        ("PROPFIND", {}),
        ("REPORT", {}),
    ],
)
async def test_a_repeatable_request_is_resent_if_a_kept_connection_ends(
    http: GuardedHttp, method: str, headers: dict[str, str]
) -> None:
    async with receiving(ends_at_the_second_request) as receiver:
        request = OutboundRequest(
            method=method, url=receiver.url, headers=headers, timeout_seconds=5
        )
        for _ in range(2):
            assert isinstance(await http.send(request), OutboundResponse)
    assert (receiver.connections, len(receiver.requests)) == (2, 3)


async def test_a_post_that_does_not_name_itself_is_never_sent_twice(http: GuardedHttp) -> None:
    async with receiving(ends_at_the_second_request) as receiver:
        await http.send(post(receiver.url))
        reason = await reason_for(http, post(receiver.url))
    assert reason == "the connection was closed without an answer"
    assert len(receiver.requests) == 2


async def test_a_receiver_that_only_ever_drops_sees_the_one_repetition(http: GuardedHttp) -> None:
    async def drops(visit: Visit) -> None:
        await visit.request()
        if visit.number == 1:
            await visit.say(OK)
            await visit.request()

    async with receiving(drops) as receiver:
        await http.send(post(receiver.url, headers=WEBHOOK))
        assert await reason_for(http, post(receiver.url, headers=WEBHOOK))
        assert len(receiver.requests) == 3  # the first; the second, and again
        assert await reason_for(http, post(receiver.url, headers=WEBHOOK))
    assert len(receiver.requests) == 4  # on a new connection a failure is a failure


async def test_what_comes_unasked_is_no_answer_to_the_next_request(http: GuardedHttp) -> None:
    is_sent = asyncio.Event()

    async def says_more(visit: Visit) -> None:
        while await visit.request():
            await visit.say(OK)
            await asyncio.sleep(0.05)
            await visit.say(b"HTTP/1.1 500 More\r\nContent-Length: 0\r\n\r\n")
            is_sent.set()

    async with receiving(says_more) as receiver:
        for number in range(1, 4):
            is_sent.clear()
            came = await http.send(post(receiver.url))
            assert isinstance(came, OutboundResponse)
            assert came.status == 200
            await asyncio.wait_for(is_sent.wait(), 5)
            await asyncio.sleep(0.05)
            assert len(receiver.requests) == number


async def test_requests_during_the_clients_close_are_answered() -> None:
    async with receiving(answer_ok) as receiver:
        client = GuardedHttp(LOOPBACK)
        sending = [asyncio.create_task(client.send(post(receiver.url))) for _ in range(5)]
        await asyncio.sleep(0)
        await client.close()
        assert {type(came) for came in await asyncio.gather(*sending)} == {Unreachable}
        assert await client.find_fault("https://example.com/")


async def test_a_closed_client_sends_nothing() -> None:
    client = GuardedHttp(LOOPBACK)
    async with receiving(answer_ok) as receiver:
        await client.send(post(receiver.url))
        await client.close()
        came = await client.send(post(receiver.url))
        await client.close()
    assert isinstance(came, Unreachable)
    assert came.is_refused
    assert len(receiver.requests) == 1
