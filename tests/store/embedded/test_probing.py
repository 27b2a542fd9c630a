"""What stands in the way of the embedded PostgreSQL: others on its socket, and odd programs."""

import os
import socket
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from kalends.store.embedded.cluster import Progress
from kalends.store.embedded.process import SOCKET_NAME, choose_account, closed_folder, probe
from kalends.store.embedded.programs import Programs, find_programs, programs_of_server
from kalends.store.embedded.server import EmbeddedPostgres, EmbeddedPostgresError

# Sockets are listened at, and programs are run.
pytestmark = pytest.mark.server
as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root runs PostgreSQL as another user")


@contextmanager
def answering(folder: Path, answer: bytes) -> Iterator[None]:
    """Something on the socket of a cluster that gives one answer to each who comes, and hangs
    up."""
    folder.mkdir(parents=True, exist_ok=True)
    here = os.open(folder, os.O_RDONLY)
    with socket.socket(socket.AF_UNIX) as listener:
        # The path of a test is longer than the address of a socket may be.
        listener.bind(f"/proc/self/fd/{here}/{SOCKET_NAME}")
        listener.listen()

        def serve() -> None:
            while True:
                try:
                    client, _ = listener.accept()
                except OSError:  # closed
                    return
                with client:
                    client.sendall(answer)
                    client.recv(1024)

        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield
        finally:
            listener.shutdown(socket.SHUT_RDWR)
            thread.join()
            os.close(here)


def refusal(sqlstate: str, text: str) -> bytes:
    """An ErrorResponse of PostgreSQL's protocol."""
    fields = b"".join(f"{kind}{value}\0".encode() for kind, value in (("C", sqlstate), ("M", text)))
    return struct.pack("!cI", b"E", len(fields) + 5) + fields + b"\0"


def program(folder: Path, name: str, script: str) -> None:
    folder.mkdir(exist_ok=True)
    (folder / name).write_text(f"#!/bin/sh\n{script}\n")
    (folder / name).chmod(0o755)


def test_a_server_that_hangs_up_is_waited_for(tmp_path: Path) -> None:
    with answering(tmp_path, b"E\0\0"):
        seen = probe(f"{tmp_path}")
    assert seen.pid == os.getpid()
    assert seen.is_waiting
    assert not seen.is_ready


def test_a_server_that_refuses_kalends_is_a_clear_error(tmp_path: Path) -> None:
    with (
        answering(tmp_path / "postgres", refusal("28000", "not you")),
        pytest.raises(EmbeddedPostgresError, match="refuses Kalends: not you"),
    ):
        EmbeddedPostgres(tmp_path).acquire()


def test_a_wait_that_is_given_up_says_for_what() -> None:
    given_up = threading.Event()
    given_up.set()
    with pytest.raises(EmbeddedPostgresError, match="Given up: Waiting for PostgreSQL"):
        Progress(print, given_up).wait(lambda: "Waiting for PostgreSQL")


@as_root
def test_root_without_setpriv_is_told_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(EmbeddedPostgresError, match="install util-linux"):
        choose_account(tmp_path / "postgres", tmp_path)


def test_the_first_folder_that_is_closed_is_named(tmp_path: Path) -> None:
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    stranger = os.geteuid() + 1
    assert closed_folder(closed / "within", stranger, stranger) in (closed, *closed.parents)
    assert closed_folder(Path("/no/such/folder"), stranger, stranger) is None


def test_a_program_that_is_missing_is_named(tmp_path: Path) -> None:
    with pytest.raises(EmbeddedPostgresError, match=r"no program .*/initdb \(here\)"):
        Programs(tmp_path, "here").path("initdb")


def test_a_program_that_does_not_run_is_named(tmp_path: Path) -> None:
    program(tmp_path, "postgres", "exit 1")
    with pytest.raises(EmbeddedPostgresError, match="does not run"):
        _ = Programs(tmp_path, "here").release


@pytest.mark.parametrize("name", ["postgres", "initdb"])
def test_a_folder_without_a_servers_programs_is_refused(tmp_path: Path, name: str) -> None:
    program(tmp_path, name, "true")
    with pytest.raises(EmbeddedPostgresError, match="name the folder of a server's programs"):
        programs_of_server(tmp_path)


def test_programs_that_are_too_old_are_refused(tmp_path: Path) -> None:
    program(tmp_path, "initdb", "true")
    program(tmp_path, "postgres", "echo 'postgres (PostgreSQL) 14.20'")
    with pytest.raises(EmbeddedPostgresError, match=r"PostgreSQL 14\.20: 15 or newer is needed"):
        programs_of_server(tmp_path)


def test_programs_on_the_path_are_found_without_those_of_the_wheel(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program(tmp_path, "psql", "echo 'psql (PostgreSQL) 77.1'")
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    found = find_programs("psql", None, wheel_too=False)
    assert [one.path for one in found if one.release.major == 77] == [str(tmp_path / "psql")]
    assert not any("embedded" in one.origin for one in found)
