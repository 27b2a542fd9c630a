"""Two PostgreSQL with synchronous replication, which a test kills, freezes, promotes and wakes."""

import os
import pwd
import shutil
import signal
import subprocess
from contextlib import suppress
from pathlib import Path
from typing import Any

import psutil

from tests.sql_session import SqlSession
from tests.store.pg15 import BINARIES
from tests.store.postgres_world import eventually

DATABASE = "kalends"
SETTINGS = {
    "autovacuum": "off",
    "fsync": "off",
    "listen_addresses": "",
    "max_connections": "100",
    "shared_buffers": "32MB",
    "wal_receiver_status_interval": "1s",
    "wal_retrieve_retry_interval": "200ms",
}
READY_WITHIN_SECONDS = 60
RUN_WITHIN_SECONDS = 60
# The trial of an upgrade has a gigabyte, on a busy machine.
COPIED_WITHIN_SECONDS = 900
# Whoever asks starts a program.
PAUSE_SECONDS = 0.1


class Node:
    """One PostgreSQL in a folder that also holds its socket; as `nobody` if we are root."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.data = folder / "data"
        self.port = "5432"
        self._nobody = pwd.getpwnam("nobody") if os.geteuid() == 0 else None
        self._process: subprocess.Popen[bytes] | None = None
        self._settings: dict[str, str] = {}
        folder.mkdir()
        self._give_to_nobody(folder)

    def make(self) -> None:
        """An empty cluster with an empty database."""
        self._run("initdb", "-D", str(self.data), "-U", "kalends", "-E", "UTF8",
                  "--locale=C.UTF-8", "--auth=trust", "--no-sync", "--no-instructions")  # fmt: skip

    def copy_of(self, data: Path) -> None:
        """A copy of a cluster that lies still."""
        subprocess.run(["cp", "-a", data, self.data], check=True)

    def back_up(self, primary: "Node") -> None:
        """A copy of one that runs, in place of what it had."""
        shutil.rmtree(self.data, ignore_errors=True)
        self._run("pg_basebackup", "--no-sync", "--checkpoint=fast", "-D", str(self.data),
                  "-h", str(primary.folder), "-U", "kalends",
                  within_seconds=COPIED_WITHIN_SECONDS)  # fmt: skip

    def follow(self, primary: "Node") -> None:
        """From its next start on it is the standby of that one, under its folder's name."""
        (self.data / "standby.signal").touch()
        with (self.data / "postgresql.conf").open("a") as file:
            file.write(
                f"primary_conninfo = 'host={primary.folder} user=kalends"
                f" application_name={self.folder.name}'\n"
            )
        self._give_to_nobody(self.data / "standby.signal")

    def start(self, **settings: str) -> None:
        self.port = settings.get("port", self.port)
        self._settings = settings
        named = SETTINGS | {"unix_socket_directories": str(self.folder)} | settings
        words = [word for name, value in named.items() for word in ("-c", f"{name}={value}")]
        with (self.folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                [BINARIES / "postgres", "-D", self.data, *words],
                stdout=log,
                stderr=log,
                start_new_session=True,
                **self._as_nobody(),
            )
        eventually(self._is_ready, READY_WITHIN_SECONDS, PAUSE_SECONDS)

    def ensure_running(self) -> None:
        """Starts it again as it was, if it was killed."""
        assert self._process is not None
        if self._process.poll() is not None:
            self.start(**self._settings)

    def psql(self, sql: str, database: str = DATABASE) -> str:
        """As `psql -c` does; the connection is closed, as nodes come and go."""
        with SqlSession(self.folder, database, int(self.port)) as session:
            return session.ask(sql)

    def psql_in_background(self, sql: str, application_name: str) -> "subprocess.Popen[bytes]":
        command = [str(BINARIES / "psql"), "-Xq", "-h", str(self.folder), "-U", "kalends", DATABASE]
        others = self._as_nobody()
        others["env"]["PGAPPNAME"] = application_name
        process: subprocess.Popen[bytes] = subprocess.Popen(
            [*command, "-c", sql], stderr=subprocess.DEVNULL, **others
        )
        return process

    def kill(self) -> None:
        """All of its processes at once, as when the power of its machine fails."""
        assert self._process is not None
        if self._process.poll() is None:
            self._signal(signal.SIGKILL)
            self._process.wait(20)

    def freeze(self) -> None:
        """Its machine hangs: connections stay open, new ones are taken, nothing answers."""
        self._signal(signal.SIGSTOP)

    def wake(self) -> None:
        """Goes on where it was frozen; does nothing to one that ended."""
        assert self._process is not None
        if self._process.poll() is None:
            self._signal(signal.SIGCONT)

    def stop(self) -> None:
        if self._process is None or self._process.poll() is not None:
            return
        self.wake()
        self._process.send_signal(signal.SIGQUIT)
        try:
            self._process.wait(20)
        except subprocess.TimeoutExpired:
            self.kill()

    def stop_cleanly(self) -> None:
        """So that its files can be copied."""
        assert self._process is not None
        self._process.send_signal(signal.SIGINT)
        self._process.wait(30)

    def _is_ready(self) -> bool:
        assert self._process is not None
        assert self._process.poll() is None, (self.folder / "log").read_text()
        command = [str(BINARIES / "pg_isready"), "-q", "-h", str(self.folder)]
        return subprocess.run(command, check=False, **self._as_nobody()).returncode == 0

    def _signal(self, number: int) -> None:
        """To the postmaster first, so that it makes no further process meanwhile."""
        assert self._process is not None
        main = psutil.Process(self._process.pid)
        if number != signal.SIGCONT:
            main.send_signal(signal.SIGSTOP)
        for process in [*main.children(), main]:
            with suppress(psutil.NoSuchProcess):
                process.send_signal(number)

    def _run(self, name: str, *words: str, within_seconds: float = RUN_WITHIN_SECONDS) -> str:
        done = subprocess.run(
            [BINARIES / name, *words],
            capture_output=True,
            text=True,
            check=False,
            timeout=within_seconds,
            **self._as_nobody(),
        )
        assert done.returncode == 0, done.stderr
        return str(done.stdout).strip()

    def _as_nobody(self) -> dict[str, Any]:
        user = self._nobody
        who = {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []} if user else {}
        clean = {name: value for name, value in os.environ.items() if not name.startswith("PG")}
        return {"cwd": "/", "env": {**clean, "LC_ALL": "C", "PGPORT": self.port}, **who}

    def _give_to_nobody(self, path: Path) -> None:
        if self._nobody:
            os.chown(path, self._nobody.pw_uid, self._nobody.pw_gid)


class Pair:
    """A primary whose commits wait for its standby. What they are called changes when one that
    failed comes back as the other's standby."""

    def __init__(self, folder: Path, template: Path) -> None:
        self.has_failed_over = False
        self.primary = Node(folder / "one")
        self.standby = Node(folder / "two")
        self.primary.copy_of(template)
        self.standby.copy_of(template)
        self.standby.follow(self.primary)
        # Not waited for before the standby is there: nothing is written meanwhile.
        self.primary.start(synchronous_standby_names="two")
        self.standby.start()
        self.wait_until_in_sync()

    def url(self, *nodes: Node) -> str:
        """Naming the nodes in this order; without any, the primary first."""
        hosts = ",".join(str(node.folder) for node in nodes or (self.primary, self.standby))
        return f"postgresql://kalends@/{DATABASE}?host={hosts}&target_session_attrs=read-write"

    def wait_until_in_sync(self) -> None:
        eventually(self.is_in_sync, READY_WITHIN_SECONDS, PAUSE_SECONDS)

    def is_in_sync(self) -> bool:
        return self.primary.psql("SELECT sync_state FROM pg_stat_replication") == "sync"

    def promote(self) -> None:
        assert self.standby.psql("SELECT pg_promote(true, 30)") == "t"
        self.has_failed_over = True

    def rejoin(self) -> None:
        """What was the primary is thrown away, and follows the promoted one as a new copy."""
        failed, promoted = self.primary, self.standby
        failed.kill()
        failed.back_up(promoted)
        failed.follow(promoted)
        failed.start()
        promoted.psql(f"ALTER SYSTEM SET synchronous_standby_names = '{failed.folder.name}'")
        promoted.psql("SELECT pg_reload_conf()")
        self.primary, self.standby = promoted, failed
        self.has_failed_over = False
        self.wait_until_in_sync()

    def stop(self) -> None:
        self.standby.stop()
        self.primary.stop()
