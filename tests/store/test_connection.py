"""Connections by a URL of several hosts, of which some do not answer as they should."""

import asyncio
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import asyncpg
import pytest
from tests.servers import free_port

from kalends.compose import Installation
from kalends.store import connection as opening
from kalends.store.connection import connect
from kalends.store.database import ConnectParameters
from kalends.store.database_info import UnreachableError, inspect_database

pytestmark = pytest.mark.server


@dataclass
class Refusing:
    """A host that takes each connection and cuts it at once, or, where it `keeps` them, says
    nothing."""

    keeps: bool = False
    listener: socket.socket = field(default_factory=lambda: socket.create_server(("127.0.0.1", 0)))
    times_asked: int = 0
    asked: threading.Event = field(default_factory=threading.Event)
    kept: list[socket.socket] = field(default_factory=list)

    @property
    def place(self) -> str:
        return f"127.0.0.1:{self.listener.getsockname()[1]}"

    def serve(self) -> None:
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:  # closed
                return
            self.times_asked += 1
            self.asked.set()
            if self.keeps:
                self.kept.append(connection)
            else:
                connection.close()


@contextmanager
def serving(host: Refusing) -> Iterator[Refusing]:
    thread = threading.Thread(target=host.serve)
    thread.start()
    yield host
    host.listener.shutdown(socket.SHUT_RDWR)
    host.listener.close()
    thread.join()
    for connection in host.kept:
        connection.close()


@pytest.fixture
def refusing() -> Iterator[Refusing]:
    with serving(Refusing()) as host:
        yield host


@pytest.fixture
def silent() -> Iterator[Refusing]:
    with serving(Refusing(keeps=True)) as host:
        yield host


def parameters(home: Installation, first: str, *words: str) -> ConnectParameters:
    """A URL that names another host before the installation's own."""
    folder = str(home.settings.data_dir / "postgres").replace("/", "%2F")
    query = "&".join(words)
    return ConnectParameters(dsn=f"postgresql://kalends@{first},{folder}:5432/kalends?{query}")


async def reached(where: ConnectParameters) -> bool:
    connection = await connect(where)
    answer = await connection.fetchval("SELECT 1")
    await connection.close()
    return bool(answer == 1)


async def test_a_host_where_nobody_listens_is_passed_by(home: Installation) -> None:
    assert await reached(parameters(home, f"127.0.0.1:{free_port()}"))


async def test_a_host_that_failed_is_asked_last(home: Installation, refusing: Refusing) -> None:
    where = parameters(home, refusing.place)
    assert await reached(where)
    assert refusing.times_asked == 1
    assert await reached(where)
    assert refusing.times_asked == 1


async def test_a_host_that_hangs_is_given_up_and_asked_last(
    home: Installation, silent: Refusing
) -> None:
    for _ in range(2):
        assert await reached(parameters(home, silent.place))
    assert silent.times_asked == 1


async def test_who_is_cancelled_at_a_host_that_hangs_leaves_it_last(
    home: Installation, silent: Refusing
) -> None:
    waiting = asyncio.create_task(connect(parameters(home, silent.place)))
    assert await asyncio.to_thread(silent.asked.wait, 60)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    assert await reached(parameters(home, silent.place))
    assert silent.times_asked == 1


async def test_without_a_standby_a_url_that_prefers_one_takes_the_primary(
    home: Installation, refusing: Refusing
) -> None:
    assert await reached(parameters(home, refusing.place, "target_session_attrs=prefer-standby"))


async def test_a_host_of_another_kind_has_not_failed(
    home: Installation, refusing: Refusing
) -> None:
    where = parameters(home, refusing.place, "target_session_attrs=standby")
    with pytest.raises(asyncpg.TargetServerAttributeNotMatched):
        await connect(where)
    with pytest.raises(ConnectionError):  # of the one that is asked last now
        await connect(where)


async def test_when_no_host_answers_the_last_ones_error_is_raised(refusing: Refusing) -> None:
    nobody = f"127.0.0.1:{free_port()}"
    where = ConnectParameters(dsn=f"postgresql://kalends@{refusing.place},{nobody}/kalends")
    with pytest.raises(ConnectionRefusedError):
        await connect(where)


async def test_one_port_in_the_query_is_that_of_every_host(home: Installation) -> None:
    query = f"host=/nowhere,{home.settings.data_dir / 'postgres'}&port=5433"
    with pytest.raises(OSError, match=r"postgres/\.s\.PGSQL\.5433|No such file"):
        await connect(ConnectParameters(dsn=f"postgresql://kalends@/kalends?{query}"))


async def test_a_database_that_hangs_is_told_in_a_sentence(
    silent: Refusing, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(opening, "CONNECT_SECONDS", 0.2)
    where = ConnectParameters(dsn=f"postgresql://kalends@{silent.place}/kalends")
    with pytest.raises(UnreachableError, match="no answer in time"):
        await inspect_database(where)
