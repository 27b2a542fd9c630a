"""Many requests at once through many connections, with so little of a client that the servers
are what is kept busy."""

import asyncio
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

CONNECTIONS = 200


@dataclass(frozen=True)
class Answer:
    status_code: int
    body: bytes

    def json(self) -> Any:
        return json.loads(self.body)


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
    answers = []
    for request in requests:
        writer.write(request)
        head = await reader.readuntil(b"\r\n\r\n")
        length = int(head.lower().split(b"content-length: ")[1].split(b"\r\n")[0])
        answers.append(Answer(int(head[9:12]), await reader.readexactly(length)))
    writer.close()
    return answers


def _request(path: str, key: str, body: dict[str, Any]) -> bytes:
    content = json.dumps(body).encode()
    head = (
        f"POST {path} HTTP/1.1\r\nhost: kalends\r\nauthorization: Bearer {key}\r\n"
        f"content-type: application/json\r\ncontent-length: {len(content)}\r\n\r\n"
    )
    return head.encode() + content
