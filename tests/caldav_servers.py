"""Real CalDAV servers for the tests, each a process on a free port with a folder of its own:
Radicale (Basic), Xandikos (signs nobody in) and Debian's sabre/dav 1.8 (Digest).

    from tests.caldav_servers import CalDavServer, radicale, sabre, xandikos
"""

import hashlib
import os
import shutil
import socket
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.servers import free_port

USER, PASSWORD = "ada", "Löwe:7"
READY_WITHIN_SECONDS = 90
HOW_TO_GET_SABRE = (
    "sabre/dav is not installed: apt-get install --no-install-recommends "
    "php-cli php-sqlite3 php-sabre-dav"
)
SABRE_TABLES = """
CREATE TABLE calendarobjects (id integer primary key asc, calendardata blob, uri text,
    calendarid integer, lastmodified integer, etag text, size integer, componenttype text,
    firstoccurence integer, lastoccurence integer);
CREATE TABLE calendars (id integer primary key asc, principaluri text, displayname text, uri text,
    ctag integer, description text, calendarorder integer, calendarcolor text, timezone text,
    components text, transparent bool);
CREATE TABLE principals (id integer primary key asc, uri text unique, email text,
    displayname text, vcardurl text);
CREATE TABLE groupmembers (id integer primary key asc, principal_id integer, member_id integer);
CREATE TABLE users (id integer primary key asc, username text unique, digesta1 text);
"""


class CalDavServer:
    """A server that runs: what to enter, and a calendar of the person who signs in."""

    def __init__(self, command: list[str], folder: Path, port: int, **more: str) -> None:
        self.url = f"http://127.0.0.1:{port}/"
        self._log = folder / "server.log"
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(
                command,
                cwd=folder,
                env={**os.environ, **more},
                stdout=log,
                stderr=log,
                stdin=subprocess.DEVNULL,
            )
        self._wait(port)

    def _wait(self, port: int) -> None:
        until = time.monotonic() + READY_WITHIN_SECONDS
        while True:
            try:
                socket.create_connection(("127.0.0.1", port), timeout=5).close()
                return
            except OSError:
                assert self._process.poll() is None, self._log.read_text()
                assert time.monotonic() < until, self._log.read_text()
                time.sleep(0.05)

    def stop(self) -> None:
        self._process.terminate()
        try:
            self._process.wait(20)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


@pytest.fixture(scope="session")
def radicale(tmp_path_factory: pytest.TempPathFactory) -> Iterator[CalDavServer]:
    """Makes the home of whoever signs in; a calendar is made by MKCALENDAR."""
    folder, port = tmp_path_factory.mktemp("radicale"), free_port()
    (folder / "users").write_text(f"{USER}:{PASSWORD}\n")
    (folder / "config").write_text(
        f"[server]\nhosts = 127.0.0.1:{port}\n"
        "[auth]\ntype = htpasswd\nhtpasswd_filename = users\nhtpasswd_encryption = plain\n"
        "delay = 0\n"
        f"[storage]\nfilesystem_folder = {folder / 'data'}\n"
        "[rights]\ntype = owner_only\n[web]\ntype = none\n"
    )
    command = [sys.executable, "-m", "radicale", "--config", str(folder / "config")]
    yield from _running(command, folder, port)


@pytest.fixture(scope="session")
def xandikos(tmp_path_factory: pytest.TempPathFactory) -> Iterator[CalDavServer]:
    """Begins with a calendar; signs nobody in."""
    folder, port = tmp_path_factory.mktemp("xandikos"), free_port()
    words = ["serve", "-d", "data", "--defaults", "--state-dir", str(folder / "state")]
    program = str(Path(sys.executable).parent / "xandikos")
    command = [program, *words, "-l", "127.0.0.1", "-p", str(port)]
    yield from _running(command, folder, port)


@pytest.fixture(scope="session")
def sabre(tmp_path_factory: pytest.TempPathFactory) -> Iterator[CalDavServer]:
    """Skips without sabre/dav, and fails in CI, where it must be there."""
    if not (shutil.which("php") and Path("/usr/share/php/Sabre/CalDAV").exists()):
        (pytest.fail if os.environ.get("CI") == "true" else pytest.skip)(HOW_TO_GET_SABRE)
    folder, port = tmp_path_factory.mktemp("sabre"), free_port()
    _fill_sabre(folder / "db.sqlite")
    script = Path(__file__).with_name("sabre_server.php")
    command = ["php", "-S", f"127.0.0.1:{port}", str(script)]
    yield from _running(command, folder, port, SABRE_FOLDER=str(folder))


def _running(command: list[str], folder: Path, port: int, **more: str) -> Iterator[CalDavServer]:
    server = CalDavServer(command, folder, port, **more)
    yield server
    server.stop()


def _fill_sabre(file: Path) -> None:
    digest = hashlib.md5(f"{USER}:SabreDAV:{PASSWORD}".encode()).hexdigest()
    with sqlite3.connect(file) as database:
        database.executescript(SABRE_TABLES)
        database.execute("INSERT INTO users VALUES (1, ?, ?)", (USER, digest))
        database.execute(
            "INSERT INTO principals VALUES (1, ?, 'ada@example.test', 'Ada', null)",
            (f"principals/{USER}",),
        )
    database.close()
