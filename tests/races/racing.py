"""Many requests at once through many connections, with so little of a client that the servers
are what is kept busy.

Each has a key of its own and is sent again under it, as a 503 does not say whether it was done.
"""

import asyncio
import json
import random
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any
from urllib.parse import urlsplit

import httpx

CONNECTIONS = 200
# Of a request that is answered with 409, and runs still.
IN_USE = b"IDEMPOTENCY_KEY_IN_USE"
KEY = "idempotency-key"
TRIES, MOST_DOUBLINGS = 50, 3


@dataclass(frozen=True)
class Answer:
    status_code: int
    body: bytes

    def json(self) -> Any:
        return json.loads(self.body)


class ComingAgain(httpx.AsyncHTTPTransport):
    """Of clients that come again where the server was too busy."""

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        request.headers[KEY] = uuid.uuid4().hex
        for tries in range(TRIES):
            response = await super().handle_async_request(request)
            if not is_to_come_again(response.status_code, await response.aread()):
                break
            await wait_after(tries)
        return response


def post_all(
    urls: Sequence[str], path: str, key: str, bodies: Sequence[dict[str, Any]]
) -> list[Answer]:
    """Posts each body, spread over the servers and over 200 connections that are all open
    before the first is written to."""
    return asyncio.run(_post_all(urls, path, key, bodies))


async def _post_all(
    urls: Sequence[str], path: str, key: str, bodies: Sequence[dict[str, Any]]
) -> list[Answer]:
    requests = [_request(path, key, body) for body in bodies]
    count = min(CONNECTIONS, len(requests))
    open_all = (
        asyncio.open_connection(urlsplit(url).hostname, urlsplit(url).port)
        for url in (urls[number % len(urls)] for number in range(count))
    )
    connections = await asyncio.gather(*open_all)
    lanes = (_lane(*connections[n], requests[n::count]) for n in range(count))
    return [answer for lane in await asyncio.gather(*lanes) for answer in lane]


async def _lane(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, requests: Sequence[bytes]
) -> list[Answer]:
    answers = [await _post(reader, writer, request) for request in requests]
    writer.close()
    return answers


async def _post(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, request: bytes
) -> Answer:
    """The first answer that says what became of it."""
    for tries in range(TRIES):
        writer.write(request)
        head = await reader.readuntil(b"\r\n\r\n")
        length = int(head.lower().split(b"content-length: ")[1].split(b"\r\n")[0])
        answer = Answer(int(head[9:12]), await reader.readexactly(length))
        if not is_to_come_again(answer.status_code, answer.body):
            break
        await wait_after(tries)
    return answer


async def wait_after(tries: int) -> None:
    """Longer each time, and not all at once: a server that was too busy for all of them would be so
    again, and what it does in vain keeps it busy."""
    await asyncio.sleep(random.uniform(1, 2 ** min(tries + 1, MOST_DOUBLINGS)))


def is_to_come_again(status: int, body: bytes) -> bool:
    """Whether an answer leaves open what becomes of its request. On a busy machine a server says
    within its limit that it could not get to it, and to come again."""
    is_running = status == HTTPStatus.CONFLICT and IN_USE in body
    return status == HTTPStatus.SERVICE_UNAVAILABLE or is_running


def _request(path: str, key: str, body: dict[str, Any]) -> bytes:
    content = json.dumps(body).encode()
    head = (
        f"POST {path} HTTP/1.1\r\nhost: kalends\r\nauthorization: Bearer {key}\r\n"
        f"{KEY}: {uuid.uuid4().hex}\r\n"
        f"content-type: application/json\r\ncontent-length: {len(content)}\r\n\r\n"
    )
    return head.encode() + content
