"""Hands mail to a server with aiosmtplib. This module is slow to import: see `mail`."""

import asyncio
import ssl
import time
from collections.abc import Collection, Iterator
from contextlib import suppress
from socket import gaierror
from typing import Final, cast

import aiosmtplib
from aiosmtplib import SMTPStatus
from msgspec import Struct

from kalends.domain.gateways import Deferred, MailAnswer, Posted, Rejected, ServerFailed
from kalends.gateways.mail_server import MailServer
from kalends.gateways.smtp_conversation import Reply, SmtpConversation, within

STEP_SECONDS: Final = 10.0
TAKING_SECONDS: Final = 60.0
"""For the answer after the message itself, which servers look through before they take it. Who
gives up too early is sent the same mail twice (RFC 5321 4.5.3.2.6 would wait ten minutes)."""
TRY_SECONDS: Final = 75.0
"""For all steps of handing over one message, connecting included."""

SMTP_CONNECTIONS: Final = 10
SMTP_IDLE_SECONDS: Final = 5.0
MESSAGES_A_CONNECTION: Final = 50
GOODBYE_SECONDS: Final = 1.0
LONGEST_SAYING: Final = 300

EXTENSIONS: Final = ("pipelining", "size", "8bitmime", "smtputf8")

TAKES_RECIPIENT: Final = frozenset({SMTPStatus.completed, SMTPStatus.will_forward})
WAITS_FOR_MESSAGE: Final = frozenset({SMTPStatus.start_input})
WANT_SIGN_IN: Final = frozenset({530, 534, 535, 538})
"""What a server answers where only our settings are at fault (RFC 4954 6)."""


class Envelope(Struct, frozen=True):
    sender: str
    recipient: str
    message: bytes

    @property
    def needs_utf8(self) -> bool:
        """Whether an address or a header is not ASCII (RFC 6531 3.1)."""
        head = self.message.partition(b"\r\n\r\n")[0]
        return not (self.sender.isascii() and self.recipient.isascii() and head.isascii())


class ConnectionLost(Exception):
    """The server ended the connection before it got a message. The cause says how."""

    def __init__(self, cause: aiosmtplib.SMTPException) -> None:
        super().__init__(cause.message)
        self.cause = cause


class NotServing(Exception):
    """The server accepts no messages at all at present. The cause says why."""

    def __init__(self, cause: aiosmtplib.SMTPException | OSError) -> None:
        super().__init__(str(cause))
        self.cause = cause


class SmtpConnection:
    """A connection for one message after another."""

    def __init__(self, client: aiosmtplib.SMTP, transport: asyncio.Transport) -> None:
        self._takes = {name: client.supports_extension(name) for name in EXTENSIONS}
        self._conversation = SmtpConversation(transport)
        self._messages = 0
        self.idle_since = 0.0

    async def post(self, envelope: Envelope) -> Posted | Rejected:
        """Hands over a message. Raises ConnectionLost, and what aiosmtplib raises if the server
        does not accept the message."""
        options = list(self._options(envelope))
        encoding = "ascii"
        if envelope.needs_utf8:
            if not self._takes["smtputf8"]:
                return Rejected("the mail server cannot write to addresses outside of ASCII")
            options.append("SMTPUTF8")
            encoding = "utf-8"
        sender = " ".join((f"MAIL FROM:<{envelope.sender}>", *options)).encode(encoding)
        recipient = f"RCPT TO:<{envelope.recipient}>".encode(encoding)
        await self._announce(sender, recipient)
        await self._ask(
            with_dots_doubled(envelope.message) + b".", {SMTPStatus.completed}, TAKING_SECONDS
        )
        self._messages += 1
        return Posted()

    async def _announce(self, sender: bytes, recipient: bytes) -> None:
        """Sends the commands that precede the message: all at once, if the server can do that."""
        if not self._takes["pipelining"]:
            await self._announce_sender(self._send(sender)[0])
            await self._ask(recipient, TAKES_RECIPIENT, STEP_SECONDS)
            await self._ask(b"DATA", WAITS_FOR_MESSAGE, STEP_SECONDS)
            return
        replies = self._send(sender, recipient, b"DATA")
        try:
            await self._announce_sender(replies[0])
            await _expect(replies[1], TAKES_RECIPIENT, STEP_SECONDS)
        except aiosmtplib.SMTPResponseException:
            await self._leave_message_out(replies[2])
            raise
        await _expect(replies[2], WAITS_FOR_MESSAGE, STEP_SECONDS)

    async def _leave_message_out(self, reply: asyncio.Future[Reply]) -> None:
        """Copes with the reply to a DATA that was sent along with a refused command. A server that
        waits for the message all the same understands no other command, so this drops the
        connection."""
        with suppress(aiosmtplib.SMTPException, OSError):
            if (await within(STEP_SECONDS, reply)).code in WAITS_FOR_MESSAGE:
                self.drop()

    async def _announce_sender(self, reply: asyncio.Future[Reply]) -> None:
        try:
            await _expect(reply, {SMTPStatus.completed}, STEP_SECONDS)
        except aiosmtplib.SMTPServerDisconnected as error:
            raise ConnectionLost(error) from error
        except aiosmtplib.SMTPResponseException as error:
            if error.code == SMTPStatus.domain_unavailable:
                raise ConnectionLost(error) from error
            if error.code == SMTPStatus.storage_exceeded:
                raise
            raise NotServing(error) from error  # it refuses our sender, or is busy
        except (aiosmtplib.SMTPException, OSError) as error:
            raise NotServing(error) from error

    def _send(self, *commands: bytes) -> list[asyncio.Future[Reply]]:
        """Sends commands; returns the replies to come. Raises ConnectionLost, as nothing of the
        message has been sent yet."""
        try:
            return self._conversation.send(b"\r\n".join((*commands, b"")), len(commands))
        except aiosmtplib.SMTPServerDisconnected as error:
            raise ConnectionLost(error) from error

    async def _ask(self, command: bytes, expected: Collection[int], seconds: float) -> None:
        await _expect(self._conversation.send(command + b"\r\n", 1)[0], expected, seconds)

    def _options(self, envelope: Envelope) -> Iterator[str]:
        if self._takes["size"]:
            yield f"SIZE={len(envelope.message)}"
        if self._takes["8bitmime"] and not envelope.message.isascii():
            yield "BODY=8BITMIME"

    @property
    def is_good(self) -> bool:
        return self._conversation.is_open and self._messages < MESSAGES_A_CONNECTION

    async def end(self) -> None:
        """Sends QUIT and closes the connection, whether or not that arrives."""
        with suppress(aiosmtplib.SMTPException, OSError):
            await self._ask(b"QUIT", {SMTPStatus.closing}, GOODBYE_SECONDS)
        self.drop()

    def drop(self) -> None:
        self._conversation.close()


async def _expect(reply: asyncio.Future[Reply], expected: Collection[int], seconds: float) -> None:
    """Waits for a reply. Raises TimeoutError, and SMTPResponseException for an unexpected one."""
    if reply.done():  # as is each reply but the first, if several came together
        code, text = reply.result()
    else:
        code, text = await within(seconds, reply)
    if code not in expected:
        raise aiosmtplib.SMTPResponseException(code, text)


class SmtpClient:
    """The connections to the server: those that are in use, and some kept for a while."""

    def __init__(self, server: MailServer, greets_as: str) -> None:
        self._server = server
        self._greets_as = greets_as
        # One context for all connections: the certificates that the system trusts take 2 MB.
        self._tls = None if server.scheme == "smtp" else ssl.create_default_context()
        self._places = asyncio.Semaphore(SMTP_CONNECTIONS)
        self._idle: list[SmtpConnection] = []
        self._ending: set[asyncio.Task[None]] = set()
        self._sweeping: asyncio.TimerHandle | None = None

    async def post(self, sender: str, recipient: str, message: bytes) -> MailAnswer:
        """See `MailTransport`. It never raises because of what the server does."""
        envelope = Envelope(sender, recipient, message)
        async with self._places:
            try:
                async with asyncio.timeout(TRY_SECONDS):
                    return await self._post(envelope)
            except (ConnectionLost, NotServing) as error:
                return _failure(error.cause)
            except (aiosmtplib.SMTPException, OSError) as error:
                return answer_of(error)

    async def _post(self, envelope: Envelope) -> Posted | Rejected:
        """Uses a kept connection if there is one. If that has ended meanwhile, uses a new one."""
        kept = self._take_idle()
        if kept is not None:
            with suppress(ConnectionLost):
                return await self._post_on(kept, envelope)
        return await self._post_on(await self._connect(), envelope)

    async def _post_on(self, connection: SmtpConnection, envelope: Envelope) -> Posted | Rejected:
        """Uses the connection, and closes it after an error, as replies may be out of step then."""
        try:
            outcome = await connection.post(envelope)
        except aiosmtplib.SMTPResponseException:
            self._end(connection)
            raise
        except BaseException:
            connection.drop()
            raise
        if connection.is_good:
            self._keep(connection)
        else:
            self._end(connection)
        return outcome

    async def _connect(self) -> SmtpConnection:
        server = self._server
        client = aiosmtplib.SMTP(
            hostname=server.host,
            port=server.port,
            username=server.user,
            password=server.password if server.user else None,
            local_hostname=self._greets_as,
            timeout=STEP_SECONDS,
            use_tls=server.scheme == "smtps",
            start_tls=server.scheme == "smtp+starttls",
            tls_context=self._tls,
        )
        try:
            await client.connect()
            await client.ehlo()
            if not client.is_connected:
                raise aiosmtplib.SMTPServerDisconnected("Connection lost")
        except (aiosmtplib.SMTPException, OSError) as error:
            client.close()
            raise NotServing(error) from error
        except BaseException:
            client.close()
            raise
        return SmtpConnection(client, cast(asyncio.Transport, client.transport))

    def _take_idle(self) -> SmtpConnection | None:
        while self._idle:
            connection = self._idle.pop()
            if connection.is_good:
                return connection
            connection.drop()
        return None

    def _keep(self, connection: SmtpConnection) -> None:
        connection.idle_since = time.monotonic()
        self._idle.append(connection)
        self._sweep_later()

    def _sweep_later(self) -> None:
        if self._sweeping is None and self._idle:
            loop = asyncio.get_running_loop()
            self._sweeping = loop.call_later(SMTP_IDLE_SECONDS, self._sweep)

    def _sweep(self) -> None:
        self._sweeping = None
        old = time.monotonic() - SMTP_IDLE_SECONDS * 0.9
        for connection in [one for one in self._idle if one.idle_since < old]:
            self._idle.remove(connection)
            self._end(connection)
        self._sweep_later()

    def _end(self, connection: SmtpConnection) -> None:
        task = asyncio.create_task(connection.end())
        self._ending.add(task)
        task.add_done_callback(self._ending.discard)

    async def close(self) -> None:
        if self._sweeping is not None:
            self._sweeping.cancel()
        while self._idle:
            self._end(self._idle.pop())
        await asyncio.gather(*self._ending)


def with_dots_doubled(message: bytes) -> bytes:
    """The message with dots doubled at the beginning of lines, as a line with only a dot would end
    the message (RFC 5321 4.5.2)."""
    doubled = message.replace(b"\r\n.", b"\r\n..")
    return b"." + doubled if doubled.startswith(b".") else doubled


def answer_of(error: aiosmtplib.SMTPException | OSError) -> MailAnswer:
    """What an error means that came after the server had accepted the sender: as a rule it is about
    this message (RFC 5321 4.2.1)."""
    if not isinstance(error, aiosmtplib.SMTPResponseException):
        return Deferred(reason_of(error))
    if error.code == SMTPStatus.domain_unavailable or error.code in WANT_SIGN_IN:
        return _failure(error)
    is_final = 500 <= error.code <= 599
    return Rejected(reason_of(error)) if is_final else Deferred(reason_of(error))


def _failure(error: aiosmtplib.SMTPException | OSError) -> ServerFailed:
    return ServerFailed(reason=reason_of(error), is_for_operator=is_for_operator(error))


def is_for_operator(error: Exception) -> bool:
    """Whether retrying cannot help, because the settings are wrong or the server cannot do TLS."""
    if isinstance(error, aiosmtplib.SMTPResponseException):
        return error.code >= 500
    if isinstance(error.__cause__ or error, ssl.SSLError | gaierror):
        return True
    return not isinstance(error, OSError | aiosmtplib.SMTPTimeoutError)


def reason_of(error: aiosmtplib.SMTPException | OSError) -> str:
    """The reason of a failure as a short sentence for people."""
    match error:
        case aiosmtplib.SMTPResponseException(code=code) if code > 0:
            return f"the mail server answered {code} {_readable(error.message)}".strip()
        case aiosmtplib.SMTPResponseException():
            return "the mail server's answer is not SMTP"
        case aiosmtplib.SMTPServerDisconnected():
            return "the mail server broke the connection off"
        case aiosmtplib.SMTPTimeoutError() | TimeoutError():
            return "the mail server did not answer in time"
        case _:
            return _connection_fault(error.__cause__ or error)


def _connection_fault(cause: BaseException) -> str:
    match cause:
        case ssl.SSLCertVerificationError():
            return f"the mail server's certificate is not valid: {cause.verify_message}"
        case ssl.SSLError():
            return "no secure connection to the mail server could be made"
        case ConnectionRefusedError():
            return "the mail server refused the connection"
        case aiosmtplib.SMTPServerDisconnected():
            return "the mail server broke the connection off"
        case gaierror():
            return "the mail server's name does not resolve"
        case aiosmtplib.SMTPException():  # the server does not offer STARTTLS, or signing in
            return _readable(cause.message)
        case _:
            return "the mail server cannot be reached"


def _readable(text: str) -> str:
    """A server's reply as one short printable line, whatever bytes it has."""
    readable = text.encode("utf-8", "surrogateescape").decode(errors="replace")
    line = " ".join(readable.split())
    return "".join(c for c in line if c.isprintable())[:LONGEST_SAYING]
