"""A real SMTP server for the tests, which answers as configured and keeps what it took."""

import asyncio
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

from tests.servers import free_port

TAKEN = "250 OK"
Answer = Callable[[Envelope], str]


@dataclass
class PostOffice:
    """What came in, in order; `answer` says what DATA is answered, `after_seconds` how long that
    takes. Refused mail is not kept."""

    answer: Answer = lambda _: TAKEN
    port: int = 0
    after_seconds: float = 0.0
    taken: list[Envelope] = field(default_factory=list)
    offered: int = 0
    _arrived: threading.Condition = field(default_factory=threading.Condition)

    @property
    def messages(self) -> list[EmailMessage]:
        return [parsed(envelope) for envelope in self.taken]

    @property
    def url(self) -> str:
        return f"smtp://127.0.0.1:{self.port}"

    async def take(self, envelope: Envelope) -> str:
        answer = self.answer(envelope)
        with self._arrived:
            self.offered += 1
            if answer.startswith("2"):
                self.taken.append(envelope)
            self._arrived.notify_all()
        await asyncio.sleep(self.after_seconds)
        return answer

    def wait_for(self, count: int, within_seconds: float = 60) -> list[EmailMessage]:
        """Waits until as many were taken, and returns all that were."""
        until = time.monotonic() + within_seconds
        with self._arrived:
            while len(self.taken) < count:
                left = until - time.monotonic()
                assert left > 0, f"{len(self.taken)} of {count} mails within {within_seconds} s"
                self._arrived.wait(left)
        return self.messages


class _MailHandler:
    """What aiosmtpd calls. It reads all properties of its handler at each connection, so the
    office, which parses what it took, must not be one."""

    def __init__(self, office: PostOffice) -> None:
        self._office = office

    async def handle_DATA(  # noqa: N802  (the name that aiosmtpd looks for)
        self, server: SMTP, session: Session, envelope: Envelope
    ) -> str:
        return await self._office.take(envelope)


def parsed(envelope: Envelope) -> EmailMessage:
    content: Any = envelope.content
    message = message_from_bytes(content, policy=policy.default)
    assert isinstance(message, EmailMessage)
    return message


@contextmanager
def post_office(
    answer: Answer = lambda _: TAKEN, port: int = 0, after_seconds: float = 0.0
) -> Iterator[PostOffice]:
    """A mail server on the port, or a free one, while the block lasts."""
    office = PostOffice(answer, port or free_port(), after_seconds)
    controller = Controller(
        _MailHandler(office), hostname="127.0.0.1", port=office.port, enable_SMTPUTF8=True
    )
    controller.start()
    try:
        yield office
    finally:
        controller.stop()
