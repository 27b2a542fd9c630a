"""The embedded server, which all Kalends processes of a data directory share.

The first process starts it and the last one stops it. If one of them dies, by whatever signal, the
others keep it. No process id in a file is relied on, only locks of the kernel
(docs/decisions/0002-embedded-postgres.md):

    postgres.lock    held while a process starts or stops the server
    postgres.use     shared by all processes that use it
    postgres.alive   inherited by the server and all its children: a process that gets it knows that
                     no process of this cluster lives
"""

import contextlib
import fcntl
import logging
import os
import select
import signal
import subprocess
import threading
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Self
from urllib.parse import quote, urlencode

from kalends.store.embedded.cluster import Cluster, Progress, Report, open_private
from kalends.store.embedded.process import DATABASE, PORT, SUPERUSER, EmbeddedPostgresError
from kalends.store.embedded.programs import Programs, programs_of_server

__all__ = ["EmbeddedPostgres", "EmbeddedPostgresError", "Watcher"]

LOOK_AGAIN_AFTER_SECONDS = 0.25
ORPHANS_END_WITHIN_SECONDS = 1.0
PROGRAMS = frozenset({"postgres", "initdb"})

log = logging.getLogger(__name__)

# The servers that this process has started. Without these references Python would warn about a
# child that is still running after its lease has ended.
_children: list[subprocess.Popen[bytes]] = []


class EmbeddedPostgres:
    """A lease of the PostgreSQL of a data directory, for as long as the block is entered. It is
    synchronous: enter it before the event loop runs, or in a thread.

    `settings` are added to the server's command line if this process starts it (tests pass
    fsync=off, with which initdb does not sync either). `programs` is a folder of other programs
    than the wheel's. `report` is called every few seconds while there is something to wait for.
    """

    def __init__(
        self,
        data_dir: Path,
        *,
        settings: Mapping[str, str] | None = None,
        report: Report = log.info,
        programs: Path | None = None,
    ) -> None:
        self.data_dir = data_dir.absolute()
        self._report = report
        self._cluster = Cluster(self.data_dir, settings or {}, programs_of_server(programs))
        self._use: int | None = None
        self._pid = os.getpid()
        self._pidfd: int | None = None
        self._mutex = threading.RLock()

    def acquire(self) -> Self:
        """Takes the lease. The server is started, and its cluster created, if necessary; this waits
        as long as recovery takes. Raises EmbeddedPostgresError, also if the data directory is of
        another major version.
        """
        if self._use is None:
            self._enter()
        return self

    @property
    def programs(self) -> Programs:
        """The programs for starting the server, if this process starts it."""
        return self._cluster.programs

    @property
    def connect(self) -> dict[str, str | int]:
        """Keyword arguments of asyncpg.connect and create_pool."""
        host = self._cluster.host
        return {"host": host, "port": PORT, "user": SUPERUSER, "database": DATABASE}

    @property
    def url(self) -> str:
        """The connection as a URL, for libpq and asyncpg; valid while this lease is held."""
        query = urlencode({"host": self._cluster.host, "port": PORT}, quote_via=quote, safe="")
        return f"postgresql://{SUPERUSER}@/{DATABASE}?{query}"

    @property
    def environment(self) -> dict[str, str]:
        """The connection as environment variables, for psql, pg_dump and pgbench as children."""
        names = {"host": "PGHOST", "port": "PGPORT", "user": "PGUSER", "database": "PGDATABASE"}
        return {names[key]: str(value) for key, value in self.connect.items()}

    def is_alive(self) -> bool:
        """Whether the server is running and not stopping. It is cheap: it opens no connection."""
        if self._pidfd is None:
            alive = self._cluster.listening_pid() is not None
        else:
            ended = select.poll()
            ended.register(self._pidfd, select.POLLIN)
            alive = not ended.poll(0)
        return alive and not self._cluster.is_stopping()

    def revive(self, cancelled: threading.Event | None = None) -> None:
        """Makes the server run again, from any process. Raises EmbeddedPostgresError, also if
        `cancelled` is set meanwhile."""
        progress = Progress(self._report, cancelled or threading.Event())
        with self._mutex:
            if self._use is None:
                raise EmbeddedPostgresError("This lease of PostgreSQL was given back.")
            with self._control(progress):
                self._ensure_running(progress)

    def release(self) -> None:
        """Gives the lease back; the last process stops the server, and waits for it."""
        with self._mutex:
            if self._use is None:
                return
            progress = Progress(self._report)
            with self._control(progress):
                # a forked child shares its parent's lock, and must not upgrade it
                if self._pid == os.getpid() and _try_lock(self._use, fcntl.LOCK_EX):
                    self._stop(progress)
                os.close(self._use)
                self._use = None
            self._forget_server()
            self._cluster.close()

    def limit_log(self) -> None:
        """Keeps postgres.log short; cheap if it is."""
        if self._cluster.has_long_log():
            with self._control(Progress(self._report)):
                self._cluster.limit_log()

    def __enter__(self) -> Self:
        return self.acquire()

    def __exit__(self, *_: object) -> None:
        self.release()

    def _enter(self) -> None:
        _make_folder(self.data_dir)
        self._pid = os.getpid()
        with self._control(Progress(self._report)):
            self._use = open_private(self.data_dir / "postgres.use")
            fcntl.flock(self._use, fcntl.LOCK_SH)
        try:
            self.revive()
        except BaseException:
            self.release()
            raise

    @contextlib.contextmanager
    def _control(self, progress: Progress) -> Iterator[None]:
        """A block in which only this process may start or stop the server."""
        handle = open_private(self.data_dir / "postgres.lock")
        try:
            while not _try_lock(handle, fcntl.LOCK_EX):
                progress.wait(lambda: "Another Kalends process is starting or stopping PostgreSQL")
            yield
        finally:
            os.close(handle)

    def _ensure_running(self, progress: Progress) -> None:
        self._cluster.check_version()
        orphans = _Orphans(self.data_dir)
        while True:
            answer = self._cluster.probe()
            if answer.pid is None:
                if self._start_if_nothing_lives(progress):
                    break
                orphans.end_in_time()
            elif self._cluster.is_stopping():
                self._signal_stop(answer.pid)
            elif answer.is_ready:
                self._remember_server(answer.pid)
                break
            elif not answer.is_waiting:
                raise EmbeddedPostgresError(
                    f"The embedded PostgreSQL refuses Kalends: {answer.message}"
                )
            progress.wait(lambda: "Waiting for PostgreSQL")

    def _start_if_nothing_lives(self, progress: Progress) -> bool:
        alive = open_private(self.data_dir / "postgres.alive")
        try:
            if not _try_lock(alive, fcntl.LOCK_EX):
                return False
            try:
                server = self._cluster.start(alive, progress)
            except OSError as error:
                raise EmbeddedPostgresError(
                    f"PostgreSQL cannot be started in {self.data_dir}: {error}"
                ) from error
            _children.append(server)
            self._remember_server(server.pid)
            return True
        finally:
            os.close(alive)

    def _stop(self, progress: Progress) -> None:
        orphans = _Orphans(self.data_dir)
        alive = open_private(self.data_dir / "postgres.alive")
        try:
            while not _try_lock(alive, fcntl.LOCK_EX):
                pid = self._cluster.listening_pid()
                if pid is None:
                    orphans.end_in_time()
                elif not self._signal_stop(pid):
                    return
                progress.wait(lambda: "Waiting for PostgreSQL to stop")
        finally:
            os.close(alive)
            _reap()

    def _signal_stop(self, pid: int) -> bool:
        """Requests a fast shutdown: open transactions are rolled back, and the rest is written."""
        if pid == 0:
            log.warning("PostgreSQL of %s runs in another container; left alone", self.data_dir)
            return False
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGINT)
        return True

    def _remember_server(self, pid: int) -> None:
        self._forget_server()
        with contextlib.suppress(OSError, AttributeError):
            self._pidfd = os.pidfd_open(pid) if pid else None

    def _forget_server(self) -> None:
        _reap()
        if self._pidfd is not None:
            os.close(self._pidfd)
            self._pidfd = None


class Watcher:
    """A thread that restarts a killed server within seconds."""

    def __init__(self, lease: EmbeddedPostgres) -> None:
        self._lease = lease
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="postgres-watcher", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Stops the thread, even if it waits for a recovering server. It has to be called before
        the lease is released."""
        self._stopped.set()
        if self._thread.is_alive():
            self._thread.join()

    def _watch(self) -> None:
        while not self._stopped.wait(LOOK_AGAIN_AFTER_SECONDS):
            try:
                self._check()
            except (EmbeddedPostgresError, OSError) as error:
                log.error("PostgreSQL could not be brought back: %s", error)
                self._stopped.wait(1)

    def _check(self) -> None:
        if not self._lease.is_alive():
            log.warning("PostgreSQL is gone; bringing it back")
            self._lease.revive(self._stopped)
            log.warning("PostgreSQL is back")
        self._lease.limit_log()


class _Orphans:
    """Processes of a cluster whose postmaster was killed, or of an initdb whose Kalends was.

    They end by themselves as soon as they check; one in a long query is terminated. That loses
    nothing, as crash recovery follows anyway, and an incomplete cluster is thrown away.
    """

    def __init__(self, data_dir: Path) -> None:
        self._alive = data_dir / "postgres.alive"
        self._since: float | None = None

    def end_in_time(self) -> None:
        """Ends them if they take too long. It is called repeatedly, under the control lock, while
        they block a start."""
        now = time.monotonic()
        if self._since is None:
            self._since = now
        if now - self._since < ORPHANS_END_WITHIN_SECONDS:
            return
        self._since = now
        for pid in self._find():
            log.warning("Ending process %d, left over from a killed PostgreSQL", pid)
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)

    def _find(self) -> Iterator[int]:
        target = self._alive.stat()
        for process in Path("/proc").glob("[0-9]*"):
            with contextlib.suppress(OSError):
                if (process / "comm").read_text().strip() not in PROGRAMS:
                    continue
                if any(os.path.samestat(fd.stat(), target) for fd in (process / "fd").iterdir()):
                    yield int(process.name)


def _make_folder(path: Path) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.mkdir(mode=0o700, exist_ok=True)
    except OSError as error:
        raise EmbeddedPostgresError(
            f"The data directory {path} cannot be made ({error.strerror}): "
            "make it yourself, or name another KALENDS_DATA_DIR."
        ) from error


def _try_lock(handle: int, kind: int) -> bool:
    try:
        fcntl.flock(handle, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _reap() -> None:
    _children[:] = [child for child in _children if child.poll() is None]
