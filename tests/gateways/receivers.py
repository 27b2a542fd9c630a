"""Real receivers on loopback, each with a way of its own to behave, and certificates for them."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"

Behave = Callable[["Visit"], Awaitable[None]]


class Visit:
    """One connection to a receiver; `number` counts from 1."""

    def __init__(
        self, receiver: "RawReceiver", reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        self.receiver = receiver
        self.reader = reader
        self.writer = writer
        self.number = receiver.connections

    async def request(self) -> bytes:
        """The next request, head and body; empty if the other side left. It is noted."""
        with suppress(asyncio.IncompleteReadError):
            head = await self.reader.readuntil(b"\r\n\r\n")
            length = [
                int(line.split(b":")[1])
                for line in head.lower().splitlines()
                if line.startswith(b"content-length:")
            ]
            body = await self.reader.readexactly(length[0] if length else 0)
            self.receiver.requests.append(head + body)
            return head + body
        return b""

    async def say(self, text: bytes) -> None:
        self.writer.write(text)
        await self.writer.drain()


class RawReceiver:
    """What a receiver saw, and where it is."""

    def __init__(self, scheme: str, port: int) -> None:
        self.port = port
        self.url = f"{scheme}://127.0.0.1:{port}/hook"
        self.connections = 0
        self.requests: list[bytes] = []


@asynccontextmanager
async def receiving(
    behave: Behave, tls: ssl.SSLContext | None = None, host: str = "127.0.0.1"
) -> AsyncIterator[RawReceiver]:
    """Listens on a free port while the block runs; what is still talking then is cut off."""
    receiver = RawReceiver("https" if tls else "http", 0)
    talking: set[asyncio.Task[None]] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        receiver.connections += 1
        task = asyncio.current_task()
        assert task
        talking.add(task)
        try:
            with suppress(ConnectionError, asyncio.CancelledError, ssl.SSLError):
                await behave(Visit(receiver, reader, writer))
        finally:
            talking.discard(task)
            writer.close()

    server = await asyncio.start_server(serve, host, 0, ssl=tls)
    receiver.port = server.sockets[0].getsockname()[1]
    receiver.url = f"{'https' if tls else 'http'}://127.0.0.1:{receiver.port}/hook"
    try:
        yield receiver
    finally:
        server.close()
        for task in talking:
            task.cancel()
        await asyncio.gather(*talking, return_exceptions=True)


async def answer_ok(visit: Visit) -> None:
    """Answers 200 to every request on the connection."""
    while await visit.request():
        await visit.say(OK)


def always(text: bytes) -> Behave:
    """Answers every request with this text and keeps the connection."""

    async def behave(visit: Visit) -> None:
        while await visit.request():
            await visit.say(text)

    return behave


def once(text: bytes) -> Behave:
    """Answers one request with this text, then closes."""

    async def behave(visit: Visit) -> None:
        await visit.request()
        await visit.say(text)

    return behave


class Authority:
    """A certificate authority of our own; `file` is its certificate."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Kalends tests")])
        self.file = folder / "authority.pem"
        certificate = (
            self._certificate(self._name, self._key.public_key(), days=10)
            .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
            .add_extension(
                x509.SubjectKeyIdentifier.from_public_key(self._key.public_key()), critical=False
            )
            .sign(self._key, hashes.SHA256())
        )
        self.file.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))

    def serving(self, *names: str, days: int = 10) -> ssl.SSLContext:
        """A server's side of TLS, with a certificate for these names and addresses."""
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, names[0])])
        certificate = (
            self._certificate(subject, key.public_key(), days)
            .add_extension(x509.SubjectAlternativeName([_as_name(n) for n in names]), False)
            .add_extension(
                x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key()), False
            )
            .sign(self._key, hashes.SHA256())
        )
        file = self._folder / f"{names[0]}.pem"
        file.write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM,
                serialization.PrivateFormat.PKCS8,
                serialization.NoEncryption(),
            )
            + certificate.public_bytes(serialization.Encoding.PEM)
        )
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(file)
        return context

    def _certificate(
        self, subject: x509.Name, key: ec.EllipticCurvePublicKey, days: int
    ) -> x509.CertificateBuilder:
        """Valid from a month ago until in `days` days, which may lie in the past."""
        now = datetime.now(UTC)
        return (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(self._name)
            .public_key(key)
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - timedelta(days=30))
            .not_valid_after(now + timedelta(days=days))
        )


def _as_name(text: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ip_address(text))
    except ValueError:
        return x509.DNSName(text)
