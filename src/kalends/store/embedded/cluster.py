"""One PostgreSQL cluster on disk: creates it (completely or not at all), starts and checks it."""

import os
import re
import shutil
import signal
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from kalends.store.embedded.process import (
    DATABASE,
    SOCKET_NAME,
    SUPERUSER,
    EmbeddedPostgresError,
    ProbeResult,
    SystemUser,
    choose_account,
    listening_pid,
    probe,
    user_name,
)
from kalends.store.embedded.programs import Programs

SUN_PATH_BYTES = 107
# A path that every client reads alike as a host; a comma, a space or an @ would mean different
# things to them.
PLAIN_PATH = re.compile(r"/[\w./+-]*", re.ASCII)
MIB = 1024 * 1024
LOG_AT_MOST = 10 * MIB
REPORT_EVERY_SECONDS = 5.0
READY_POLL_SECONDS = 0.02
BUILTIN_LOCALES_SINCE = 17

ON_EVERY_START = (
    "listen_addresses=",
    # relative to the server's working directory, the cluster, so that its path may be long
    "unix_socket_directories=.",
    "unix_socket_permissions=0700",
)
HBA = f"# Written by Kalends on each start.\nlocal all {SUPERUSER} peer map=kalends\n"

Report = Callable[[str], None]


@dataclass
class Progress:
    """Waits without a limit, and reports every few seconds what it waits for. Once `cancelled` is
    set, waiting raises EmbeddedPostgresError."""

    report: Report
    cancelled: threading.Event = field(default_factory=threading.Event)
    since: float = field(default_factory=time.monotonic)
    reported_at: float = field(default_factory=time.monotonic)

    def wait(self, what: Callable[[], str]) -> None:
        if self.cancelled.wait(READY_POLL_SECONDS):
            raise EmbeddedPostgresError(f"Given up: {what()}")
        now = time.monotonic()
        if now - self.reported_at >= REPORT_EVERY_SECONDS:
            self.reported_at = now
            self.report(f"{what()} ({now - self.since:.0f} s)")


class Cluster:
    """The cluster of a data directory. `server.py` decides which process may do what, and when."""

    def __init__(self, data_dir: Path, settings: Mapping[str, str], programs: Programs) -> None:
        self.data_dir = data_dir
        self.programs = programs
        self.path = data_dir / "postgres"
        self.log_path = data_dir / "postgres.log"
        self._settings = dict(settings)
        self._folder: int | None = None

    @property
    def host(self) -> str:
        """The socket's directory, by a path that fits into a socket address.

        A long or odd path is replaced by this process's handle of the directory, which children may
        use too as long as this process lives. A symbolic link in /tmp would have to be protected.
        """
        path = str(self.path)
        fits = len(os.fsencode(f"{path}/{SOCKET_NAME}")) <= SUN_PATH_BYTES
        if fits and PLAIN_PATH.fullmatch(path):
            return path
        if self._folder is None:
            self._folder = os.open(self.path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        return f"/proc/{os.getpid()}/fd/{self._folder}"

    def close(self) -> None:
        if self._folder is not None:
            os.close(self._folder)
            self._folder = None

    def probe(self) -> ProbeResult:
        return probe(self.host) if self.path.exists() else ProbeResult(pid=None)

    def listening_pid(self) -> int | None:
        return listening_pid(self.host) if self.path.exists() else None

    def is_stopping(self) -> bool:
        """Whether somebody has stopped the server; a smart shutdown may wait for ever."""
        try:
            lines = (self.path / "postmaster.pid").read_text().splitlines()
        except (OSError, UnicodeDecodeError):
            return False
        return len(lines) > 7 and lines[7].strip() == "stopping"

    def start(self, alive: int, progress: Progress) -> subprocess.Popen[bytes]:
        """Starts the cluster, which is created if there is none, and waits until it accepts
        connections.

        `alive` is the lock that proves that no process of this cluster lives; the server and all
        its children inherit it. Raises EmbeddedPostgresError.
        """
        account = choose_account(self.path, self.programs.folder)
        self.limit_log()
        if not self._is_finished():
            self._create(account, alive, progress.report)
        self.check_version()
        self._prepare(account)
        command = [self.programs.path("postgres"), "-D", str(self.path), *_flags(ON_EVERY_START)]
        command += _flags(f"{name}={value}" for name, value in self._settings.items())
        with _LogFile(self.log_path) as log_file:
            server = account.spawn(command, log_file.fd, alive)
            self._wait_until_ready(server, log_file, progress)
        return server

    def _wait_until_ready(
        self, server: subprocess.Popen[bytes], log_file: "_LogFile", progress: Progress
    ) -> None:
        while not (answer := self.probe()).is_ready:
            if server.poll() is not None:
                raise EmbeddedPostgresError(self._explain("did not start", log_file.written()))
            if answer.pid is not None and not answer.is_waiting:
                os.kill(server.pid, signal.SIGINT)
                raise EmbeddedPostgresError(
                    f"The embedded PostgreSQL in {self.path} runs but refuses Kalends: "
                    f"{answer.message} ({answer.sqlstate}); its log is {self.log_path}."
                )
            progress.wait(lambda: f"PostgreSQL is starting: {log_file.last_line()}")

    def _is_finished(self) -> bool:
        if (self.path / "PG_VERSION").exists():
            return True
        if self.path.exists() and any(self.path.iterdir()):
            raise EmbeddedPostgresError(
                f"The folder {self.path} has files in it but is no PostgreSQL cluster: "
                "move it away, or name another KALENDS_DATA_DIR."
            )
        return False

    def check_version(self) -> None:
        """Raises EmbeddedPostgresError for data of another major version, which is not changed."""
        try:
            data_major = (self.path / "PG_VERSION").read_text().strip()
        except OSError:  # there is none, or we may not read it; a later step says so
            return
        ours = self.programs.release
        if data_major == str(ours.major):
            return
        raise EmbeddedPostgresError(
            f"The data in {self.path} is of PostgreSQL {data_major}, and the programs in "
            f"{self.programs} are of PostgreSQL {ours}: they cannot read it, and have changed "
            "nothing. With the Kalends and the KALENDS_POSTGRES_PROGRAMS of before, run "
            "`kalends backup FILE`; then move that folder away, and run `kalends restore FILE` "
            "with these."
        )

    def _create(self, account: SystemUser, alive: int, report: Report) -> None:
        """Runs initdb in another folder, which is renamed once complete, so that a folder named
        `postgres` always is."""
        report(f"Making a new PostgreSQL cluster in {self.path}")
        new = self.data_dir / "postgres.new"
        if new.exists():
            shutil.rmtree(new)
        new.mkdir(mode=0o700)
        if account.switch:
            os.chown(new, account.uid, account.gid)
        sync = ["--no-sync"] if self._settings.get("fsync") == "off" else []
        self._run(account, alive, [
            *(self.programs.path("initdb"), "-D", str(new), "-U", SUPERUSER, *self._locale()),
            *("--data-checksums", "--auth=peer", "--no-instructions", *sync),
        ])  # fmt: skip
        _write(new / "postgresql.conf", _configuration(new), account)
        single = [
            self.programs.path("postgres"),
            "--single",
            "-D",
            str(new),
            "-c",
            "exit_on_error=on",
        ]
        self._run(account, alive, [*single, "template1"], f"CREATE DATABASE {DATABASE};\n")
        new.rename(self.path)
        sync_folder(self.data_dir)

    def _locale(self) -> tuple[str, ...]:
        """The options for a locale that sorts by code point and knows the letters of all languages,
        whatever the machine's locale is."""
        if self.programs.release.major < BUILTIN_LOCALES_SINCE:
            return ("-E", "UTF8", "--locale=C.UTF-8", "--lc-messages=C")
        provider = ("--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C")
        return ("-E", "UTF8", *provider)

    def _run(self, account: SystemUser, alive: int, command: list[str], text: str = "") -> None:
        with _LogFile(self.log_path) as log_file, tempfile.TemporaryFile() as stdin:
            stdin.write(text.encode())
            stdin.seek(0)
            process = account.spawn(command, log_file.fd, alive, stdin.fileno())
            if process.wait() != 0:
                raise EmbeddedPostgresError(
                    self._explain("could not make its cluster", log_file.written())
                )

    def _prepare(self, account: SystemUser) -> None:
        """Removes what a killed server has left (`alive` proves that none lives), and writes who
        may connect."""
        for leftover in ("postmaster.pid", SOCKET_NAME, f"{SOCKET_NAME}.lock"):
            (self.path / leftover).unlink(missing_ok=True)
        if account.switch and self.path.stat().st_uid == 0:
            _chown(self.path, account)  # for a cluster that root has copied back from a backup
        _write(self.path / "kalends.conf", _our_settings(), account)
        _write(self.path / "pg_hba.conf", HBA, account)
        _write(self.path / "pg_ident.conf", _ident(self.data_dir), account)

    def _explain(self, what: str, lines: list[str]) -> str:
        text = "\n".join(lines)
        reason = f"Its log, {self.log_path}, ends:\n" + "\n".join(lines[-8:])
        if "No space left on device" in text:
            return f"The disk of {self.data_dir} is full: free some space there. {reason}"
        if "could not look up effective user ID" in text:
            return (
                f"User {os.geteuid()} has no name on this machine, which PostgreSQL demands: "
                f"add it to /etc/passwd, or set KALENDS_DATABASE_URL. {reason}"
            )
        return f"The embedded PostgreSQL {what}. {reason}"

    def has_long_log(self) -> bool:
        return self.log_path.exists() and self.log_path.stat().st_size > LOG_AT_MOST

    def limit_log(self) -> None:
        """Keeps the log below 10 MiB, with one older generation. The server appends to the file, so
        it can be truncated while the server has it open."""
        if self.has_long_log():
            older = self.log_path.with_suffix(".log.1")
            older.unlink(missing_ok=True)
            shutil.copy2(self.log_path, older, follow_symlinks=False)
            os.truncate(self.log_path, 0)


class _LogFile:
    """The log, open for appending, and what has been written to it since."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self.fd = open_private(path, os.O_WRONLY | os.O_APPEND)
        self._from = os.fstat(self.fd).st_size

    def __enter__(self) -> "_LogFile":
        return self

    def __exit__(self, *_: object) -> None:
        os.close(self.fd)

    def written(self) -> list[str]:
        with self._path.open("rb") as file:
            file.seek(self._from)
            return file.read().decode(errors="replace").splitlines()

    def last_line(self) -> str:
        return (self.written() or ["(nothing written yet)"])[-1]


def open_private(path: Path, flags: int = os.O_RDWR) -> int:
    """Opens or creates a file for only its folder's owner. Raises EmbeddedPostgresError."""
    try:
        handle = os.open(path, flags | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise EmbeddedPostgresError(_cannot_write(path, error)) from error
    if os.geteuid() == 0:
        owner = path.parent.stat()
        os.fchown(handle, owner.st_uid, owner.st_gid)
    return handle


def _cannot_write(path: Path, error: OSError) -> str:
    owner = path if path.exists() else path.parent
    try:
        name = user_name(owner.stat().st_uid)
    except OSError:
        name = None
    return (
        f"Kalends cannot write {path} ({error.strerror}): {owner} belongs to {name}. "
        "Run it as that user, or name another KALENDS_DATA_DIR."
    )


def _flags(settings: Iterable[str]) -> list[str]:
    return [word for setting in settings for word in ("-c", setting)]


def _configuration(cluster: Path) -> str:
    """initdb's settings, then ours; an operator's lines below these take precedence."""
    return (
        (cluster / "postgresql.conf").read_text()
        + "\n# Kalends writes that file on each start; your own settings go below this line.\n"
        + "include_if_exists = 'kalends.conf'\n"
    )


def _our_settings() -> str:
    settings = {
        "max_connections": "200",
        "shared_buffers": f"{_shared_buffers_mib()}MB",
        "jit": "off",
        "timezone": "UTC",
        "log_timezone": "UTC",
        "log_checkpoints": "off",
        # no attendee's name or address in the log
        "log_error_verbosity": "terse",
        "log_min_error_statement": "panic",
    }
    lines = [f"{name} = '{value}'\n" for name, value in settings.items()]
    return "# Written by Kalends on each start.\n" + "".join(lines)


def _shared_buffers_mib() -> int:
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // MIB
    return max(32, min(256, memory // 8))


def _ident(data_dir: Path) -> str:
    """The users who may connect: root, the data directory's owner, and whoever starts the server;
    but not `nobody` if it only runs the server for root, as anybody may use that account."""
    uids = (0, data_dir.stat().st_uid, os.geteuid())
    names = sorted({name for uid in uids if (name := user_name(uid))})
    lines = [f'kalends "{name}" {SUPERUSER}\n' for name in names]
    return "# Written by Kalends on each start.\n" + "".join(lines)


def _write(path: Path, text: str, account: SystemUser) -> None:
    """Replaces a file. Writing it in place would, as root, follow a link that `nobody` has made."""
    handle, name = tempfile.mkstemp(dir=path.parent)
    with os.fdopen(handle, "w") as file:
        file.write(text)
        if account.switch:
            os.fchown(handle, account.uid, account.gid)
        file.flush()
        os.fsync(handle)
    os.replace(name, path)


def _chown(folder: Path, account: SystemUser) -> None:
    for path in (folder, *folder.rglob("*")):
        os.chown(path, account.uid, account.gid, follow_symlinks=False)


def sync_folder(path: Path) -> None:
    """Syncs a folder, so that renames in it survive a crash of the machine."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
