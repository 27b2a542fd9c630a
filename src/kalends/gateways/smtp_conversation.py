"""SMTP commands and replies, on a connection that is open and has exchanged greetings.

The library's own protocol sends one command at a time. A server that supports pipelining (RFC 2920)
is sent all commands before the message at once, which saves two of four round trips.
"""

import asyncio
from collections import deque
from typing import Final, NamedTuple

import aiosmtplib

LONGEST_LINE_BYTES: Final = 8192
LONGEST_REPLY_BYTES: Final = 4 * LONGEST_LINE_BYTES
# The code of a reply in which none can be read.
NO_CODE: Final = -1


class Reply(NamedTuple):
    """A server's answer to one command."""

    code: int
    text: str


class SmtpConversation(asyncio.Protocol):
    """A protocol that takes over the transport of the library's client."""

    def __init__(self, transport: asyncio.Transport) -> None:
        self._transport = transport
        self._loop = asyncio.get_running_loop()
        self._replies: deque[asyncio.Future[Reply]] = deque()
        self._unread = b""
        self._lines: list[bytes] = []
        transport.set_protocol(self)

    @property
    def is_open(self) -> bool:
        return not self._transport.is_closing()

    def send(self, data: bytes, replies: int) -> list[asyncio.Future[Reply]]:
        """Sends commands or a message, and returns the replies to come, in order. Replies that
        nobody waits for are dropped. Raises SMTPServerDisconnected."""
        if self._transport.is_closing():
            raise aiosmtplib.SMTPServerDisconnected("Connection lost")
        expected = [self._loop.create_future() for _ in range(replies)]
        self._replies += expected
        self._transport.write(data)
        return expected

    def close(self) -> None:
        self._transport.close()

    def data_received(self, data: bytes) -> None:
        *lines, self._unread = (self._unread + data).split(b"\n")
        for line in lines:
            self._lines.append(line)
            if line[3:4] != b"-":
                self._answer()
        if sum(map(len, self._lines)) + len(self._unread) > LONGEST_REPLY_BYTES:
            self._lines, self._unread = [], b""
            self._fail(aiosmtplib.SMTPResponseException(NO_CODE, "Response too long"))

    def connection_lost(self, exc: Exception | None) -> None:
        lost = aiosmtplib.SMTPServerDisconnected("Connection lost")
        lost.__cause__ = exc
        self._fail(lost)

    def _answer(self) -> None:
        """Gives a reply to whoever waits for it. An unsolicited one is dropped, so that it is not
        taken for the reply to the next command."""
        lines, self._lines = self._lines, []
        if not self._replies:
            return
        expected = self._replies.popleft()
        if not expected.done():
            expected.set_result(_reply(lines))

    def _fail(self, error: Exception) -> None:
        while self._replies:
            expected = self._replies.popleft()
            if not expected.done():
                expected.set_exception(error)
                expected.exception()  # marks it as retrieved, as nobody may wait for it


async def within(seconds: float, reply: asyncio.Future[Reply]) -> Reply:
    """The reply. Raises TimeoutError if it does not come within so many seconds.

    It does without `asyncio.timeout`, which costs more than the rest of waiting. Replies to
    commands that were sent together often arrive together.
    """
    if reply.done():
        return reply.result()
    timer = reply.get_loop().call_later(seconds, _end_waiting, reply)
    try:
        return await reply
    finally:
        timer.cancel()


def _end_waiting(reply: asyncio.Future[Reply]) -> None:
    if not reply.done():
        reply.set_exception(TimeoutError())


def _reply(lines: list[bytes]) -> Reply:
    code = lines[-1][:3]
    text = b"\n".join([line[4:].strip() for line in lines]).decode("utf-8", "surrogateescape")
    return Reply(int(code) if code.isdigit() and len(code) == 3 else NO_CODE, text)
