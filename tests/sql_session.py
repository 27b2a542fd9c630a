"""A connection that an operator keeps open: what is asked costs no new program and no new backend.

It speaks PostgreSQL's protocol as `psql -c` does (a simple query: all statements that are sent at
once are one transaction), and answers with what `psql -XAtq` would print.
"""

import select
import socket
import struct
from pathlib import Path
from typing import IO, Self

PROTOCOL = 3 << 16
WITHIN_SECONDS = 90


class SqlSession:
    """One connection to the PostgreSQL whose socket is in a folder, opened when it is wanted, and
    again after that server has ended it."""

    def __init__(self, folder: Path, database: str = "kalends", port: int = 5432) -> None:
        self.address = str(folder / f".s.PGSQL.{port}")
        self._database = database
        self._socket: socket.socket | None = None

    def ask(self, sql: str) -> str:
        """A line for each row, its fields separated by `|`. Raises AssertionError with the server's
        message, OSError or EOFError where it is away."""
        try:
            connection = self._connected()
            _send(connection, b"Q", sql.encode() + b"\0")
            return "\n".join(_read_rows(connection)).strip()
        except (OSError, EOFError):
            self.close()
            raise

    def close(self) -> None:
        if self._socket:
            self._socket.close()
            self._socket = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _connected(self) -> socket.socket:
        if self._socket and _has_ended(self._socket):
            self.close()
        if self._socket is None:
            self._socket = self._connect()
        return self._socket

    def _connect(self) -> socket.socket:
        connection = socket.socket(socket.AF_UNIX)
        try:
            connection.settimeout(WITHIN_SECONDS)
            connection.connect(self.address)
            names = ("user", "kalends", "database", self._database, "application_name", "psql")
            words = "".join(f"{word}\0" for word in names) + "\0"
            _send(connection, b"", struct.pack("!I", PROTOCOL) + words.encode())
            _read_rows(connection)
        except BaseException:
            connection.close()
            raise
        return connection


def _has_ended(connection: socket.socket) -> bool:
    """Between two questions a server says nothing but that it ends."""
    return bool(select.select([connection], [], [], 0)[0])


def _send(connection: socket.socket, kind: bytes, body: bytes) -> None:
    connection.sendall(kind + struct.pack("!I", len(body) + 4) + body)


def _read_rows(connection: socket.socket) -> list[str]:
    """The rows that come before the server waits for the next question. Raises AssertionError with
    its error."""
    rows, error = [], ""
    with connection.makefile("rb") as stream:
        kind = b""
        while kind != b"Z":
            kind, size = struct.unpack("!cI", _read(stream, 5))
            body = _read(stream, size - 4)
            if kind == b"D":
                rows.append("|".join(_fields_of(body)))
            elif kind == b"E":
                error = _message_of(body)
                if b"VFATAL\0" in body:
                    raise EOFError(error)
    assert not error, error
    return rows


def _read(stream: IO[bytes], size: int) -> bytes:
    body = stream.read(size)
    if len(body) < size:
        raise EOFError("the server has ended the connection")
    return body


def _fields_of(row: bytes) -> list[str]:
    """An empty text for NULL."""
    fields, at = [], 2
    for _ in range(struct.unpack_from("!H", row)[0]):
        (size,) = struct.unpack_from("!i", row, at)
        at += 4
        fields.append(row[at : at + max(size, 0)].decode())
        at += max(size, 0)
    return fields


def _message_of(error: bytes) -> str:
    fields = {field[:1]: field[1:].decode() for field in error.split(b"\0") if field}
    return f"{fields[b'V']}: {fields[b'M']} ({fields[b'C']})"
