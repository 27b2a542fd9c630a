"""The answers of page handlers, a whole body or a stream, and how they are sent."""

import asyncio
import gzip
import re
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Final

from starlette.types import Receive, Send

HTML: Final = "text/html; charset=utf-8"
TEXT: Final = "text/plain; charset=utf-8"
MARKDOWN: Final = "text/markdown; charset=utf-8"
NOT_MODIFIED: Final = 304
SMALLEST_TO_ZIP: Final = 1_000
ZIPPED_ALREADY: Final = frozenset({"image/png", "image/jpeg"})
ZIP_LEVEL: Final = 5
# Compressing a larger body takes long enough that other tasks should not wait for it. It is done in
# a thread, as zlib releases the interpreter lock.
LARGEST_ZIPPED_AT_ONCE: Final = 50_000
# A path of ours. Browsers read `//host` and `/\host` as another site.
_OUR_PATH: Final = re.compile(r"/(?![/\\])[^\\\x00-\x20\x7f]*")
Headers = tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class PageAnswer:
    """A whole answer. `zipped` is the body in gzip if that is known already, as for files; else a
    large body is compressed when it is sent. `inline_styles` are the hashes of the only inline
    styles that the page may have (CSP, `'sha256-…'`)."""

    body: bytes = b""
    status: int = 200
    media_type: str = HTML
    headers: Headers = ()
    zipped: bytes | None = None
    inline_styles: tuple[str, ...] = ()


@dataclass(frozen=True)
class Stream:
    """An answer in chunks, such as server-sent events (`text/event-stream`). It ends with its last
    chunk, or when the client disconnects."""

    chunks: AsyncIterator[bytes]
    media_type: str = "text/event-stream"
    headers: Headers = field(default=(("cache-control", "no-store"), ("x-accel-buffering", "no")))


def redirect(to: str, *headers: tuple[str, str]) -> PageAnswer:
    """Redirects the browser to a path of ours, with a GET (303, RFC 9110 15.4.4).

    Raises ValueError for an address on another site: a caller that takes it from a request has to
    check it first.
    """
    if not _OUR_PATH.fullmatch(to):
        raise ValueError(f"{to!r} is no path of ours")
    return PageAnswer(status=303, media_type="", headers=(("location", to), *headers))


def text(body: str, media_type: str = TEXT, status: int = 200) -> PageAnswer:
    return PageAnswer(body.encode(), status, media_type)


async def send_page(
    send: Send, method: str, answer: PageAnswer, headers: Headers, *, takes_gzip: bool
) -> None:
    """Sends an answer, in gzip if the client accepts that; a HEAD gets headers only."""
    body, extra = answer.body, [*answer.headers, *headers]
    is_zippable = len(body) >= SMALLEST_TO_ZIP and answer.media_type not in ZIPPED_ALREADY
    if takes_gzip and is_zippable:
        body = answer.zipped or await _zip(body)
        extra.append(("content-encoding", "gzip"))
    if is_zippable:
        extra.append(("vary", "accept-encoding"))
    if answer.status != NOT_MODIFIED:  # a 304 would have the length of the body it does not send
        extra.append(("content-length", str(len(body))))
    await _start(send, answer.status, answer.media_type, extra)
    await send({"type": "http.response.body", "body": b"" if method == "HEAD" else body})


async def _zip(body: bytes) -> bytes:
    if len(body) <= LARGEST_ZIPPED_AT_ONCE:
        return gzip.compress(body, ZIP_LEVEL, mtime=0)
    return await asyncio.to_thread(gzip.compress, body, ZIP_LEVEL, mtime=0)


async def send_stream(
    receive: Receive, send: Send, method: str, stream: Stream, headers: Headers
) -> None:
    """Sends the chunks as they come, until the last one or until the client disconnects."""
    await _start(send, 200, stream.media_type, [*stream.headers, *headers])
    if method == "HEAD":
        await send({"type": "http.response.body", "body": b""})
        return
    sending = asyncio.create_task(_send_chunks(send, stream))
    leaving = asyncio.create_task(_wait_for_leaving(receive))
    try:
        await asyncio.wait({sending, leaving}, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in (sending, leaving):
            task.cancel()
        await asyncio.gather(sending, leaving, return_exceptions=True)
    if not sending.cancelled() and (error := sending.exception()):
        raise error


async def _send_chunks(send: Send, stream: Stream) -> None:
    async for chunk in stream.chunks:
        await send({"type": "http.response.body", "body": chunk, "more_body": True})
    await send({"type": "http.response.body", "body": b""})


async def _wait_for_leaving(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


async def _start(send: Send, status: int, media_type: str, headers: list[tuple[str, str]]) -> None:
    named = [("content-type", media_type), *headers] if media_type else headers
    raw_headers = [(name.encode(), value.encode("latin-1")) for name, value in named]
    await send({"type": "http.response.start", "status": status, "headers": raw_headers})
