"""A private PostgreSQL 15 from Debian's package: the oldest server that Kalends promises.

    from tests.store.pg15 import pg15

`pg15` is a fixture (one server for the session): its `url` is of an empty database, each call of
`new_database()` gives the URL of another.
"""

import os
import pwd
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.sql_session import SqlSession

BINARIES = Path("/usr/lib/postgresql/15/bin")
HOW_TO_GET_IT = (
    "PostgreSQL 15 is not installed: apt-get install postgresql-15 "
    "(with create_main_cluster = false in /etc/postgresql-common/createcluster.conf)"
)


class Postgres15:
    """A throw-away server on a Unix socket, as `nobody` if we are root, with fsync off."""

    def __init__(self) -> None:
        self.folder = self._folder = Path(tempfile.mkdtemp(prefix="kalends-pg15-"))
        self._nobody = pwd.getpwnam("nobody") if os.geteuid() == 0 else None
        self._databases = 0
        if self._nobody:
            os.chown(self._folder, self._nobody.pw_uid, self._nobody.pw_gid)
        self._run("initdb", "-D", self._data, "-U", "kalends", "-E", "UTF8", "--locale=C.UTF-8",
                  "--auth=trust", "--no-sync", "--no-instructions")  # fmt: skip
        settings = ("fsync=off", "listen_addresses=", f"unix_socket_directories={self._folder}",
                    "max_connections=300", "shared_buffers=64MB")  # fmt: skip
        words = [word for setting in settings for word in ("-c", setting)]
        log = (self._folder / "log").open("wb")
        self._server = subprocess.Popen(
            self._command("postgres", "-D", self._data, *words),
            stdout=log, stderr=log, start_new_session=True, **self._as_nobody(),
        )  # fmt: skip
        log.close()
        self._wait_until_ready(
            self._server, self._command("pg_isready", "-q", "-h", str(self._folder))
        )
        self.url = self.new_database()

    @property
    def _data(self) -> str:
        return str(self._folder / "data")

    def new_database(self) -> str:
        """The URL of an empty database."""
        self._databases += 1
        name = f"kalends_{self._databases}"
        self.psql("postgres", f"CREATE DATABASE {name}")
        return f"postgresql://kalends@/{name}?host={self._folder}"

    def psql(self, database: str, text: str) -> str:
        """As `psql -c` does; the connection is closed, as a database may be copied or dropped."""
        with SqlSession(self._folder, database) as session:
            return session.ask(text)

    def stop(self) -> None:
        self._server.send_signal(2)
        try:
            self._server.wait(20)
        except subprocess.TimeoutExpired:
            self._server.kill()
            self._server.wait()
        shutil.rmtree(self._folder, ignore_errors=True)

    def _wait_until_ready(self, server: "subprocess.Popen[bytes]", command: list[str]) -> None:
        until = time.monotonic() + 90
        while subprocess.run(command, **self._as_nobody()).returncode != 0:
            assert server.poll() is None, (self._folder / "log").read_text()
            assert time.monotonic() < until, "PostgreSQL 15 did not start within 30 s"
            time.sleep(0.02)

    def _run(self, name: str, *words: str) -> str:
        done = subprocess.run(
            self._command(name, *words), capture_output=True, text=True, **self._as_nobody()
        )
        assert done.returncode == 0, done.stderr
        return str(done.stdout).strip()

    def _command(self, name: str, *words: str) -> list[str]:
        return [str(BINARIES / name), *words]

    def _as_nobody(self) -> dict[str, Any]:
        user = self._nobody
        who = {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []} if user else {}
        clean = {k: v for k, v in os.environ.items() if not k.startswith("PG")}
        return {"cwd": "/", "env": {**clean, "LC_ALL": "C"}, **who}


@pytest.fixture(scope="session")
def pg15() -> Iterator[Postgres15]:
    """Skips without PostgreSQL 15, and fails in CI, where it must be there."""
    if not (BINARIES / "postgres").exists():
        (pytest.fail if os.environ.get("CI") == "true" else pytest.skip)(HOW_TO_GET_IT)
    server = Postgres15()
    yield server
    server.stop()
