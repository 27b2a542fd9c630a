"""A data directory and the Kalends processes that use its PostgreSQL, for tests that kill them."""

import fcntl
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from kalends.store.embedded.process import binary, listening_pid
from kalends.store.embedded.server import EmbeddedPostgres, EmbeddedPostgresError

FAST = {"fsync": "off", "shared_buffers": "16MB"}
NOBODY = 65534

# One Kalends process: takes its lease, says the postmaster's id, gives it back at end of input.
USER = """
import sys, logging, signal
from pathlib import Path
from kalends.store.embedded.server import EmbeddedPostgres, Watcher
from kalends.store.embedded.process import listening_pid
logging.basicConfig()
# As in a terminal, whatever started the tests: what runs behind a shell ignores it.
signal.signal(signal.SIGINT, signal.default_int_handler)
lease = EmbeddedPostgres(Path(sys.argv[1]), settings={"fsync": "off"}, report=str).acquire()
watcher = Watcher(lease)
if "watch" in sys.argv:
    watcher.start()
print(listening_pid(lease.connect["host"]), flush=True)
sys.stdin.read()
watcher.stop()
lease.release()
"""


class SharedCluster:
    """A data directory, and the Kalends processes that use it."""

    def __init__(self, data_dir: Path) -> None:
        self.data_dir = data_dir
        self.users: list[subprocess.Popen[str]] = []

    def user(self, *options: str, **popen: object) -> subprocess.Popen[str]:
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
        environment.update(popen.pop("env", {}))  # type: ignore[call-overload]
        process: subprocess.Popen[str] = subprocess.Popen(  # type: ignore[call-overload]
            [sys.executable, "-c", USER, str(self.data_dir), *options],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=environment,
            **popen,
        )
        self.users.append(process)
        return process

    def lease(self) -> EmbeddedPostgres:
        return EmbeddedPostgres(self.data_dir, settings=FAST).acquire()

    def postmaster(self) -> int | None:
        return listening_pid(str(self.data_dir / "postgres"))

    def is_gone(self) -> bool:
        """Whether no process of the cluster lives, as its lock says."""
        with (self.data_dir / "postgres.alive").open("r+") as file, suppress(BlockingIOError):
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return True
        return False

    def starts(self) -> int:
        return (self.data_dir / "postgres.log").read_text().count("starting PostgreSQL")

    def clean_up(self) -> None:
        for user in self.users:
            user.kill()
            user.communicate()
        if (self.data_dir / "postgres" / "PG_VERSION").exists():
            with suppress(EmbeddedPostgresError):
                self.lease().release()


@pytest.fixture
def empty(tmp_path: Path) -> Iterator[SharedCluster]:
    """A world in which nothing was started yet."""
    world = SharedCluster(tmp_path / "data")
    yield world
    world.clean_up()


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    data_dir = tmp_path_factory.mktemp("finished") / "data"
    EmbeddedPostgres(data_dir, settings=FAST).acquire().release()
    return data_dir


@pytest.fixture
def world(empty: SharedCluster, finished: Path) -> SharedCluster:
    """A world whose cluster was made before (a copy of one: initdb takes a second)."""
    subprocess.run(["cp", "-a", finished, empty.data_dir], check=True)
    (empty.data_dir / "postgres.log").unlink()
    return empty


def read_pid(user: subprocess.Popen[str]) -> int:
    """The postmaster's id that a process says when it has its lease."""
    assert user.stdout is not None
    line = user.stdout.readline()
    assert line, user.communicate()[1]
    return int(line)


def leave(user: subprocess.Popen[str]) -> None:
    _, errors = user.communicate(timeout=20)
    assert user.returncode == 0, errors


def sql(lease: EmbeddedPostgres, text: str) -> str:
    command = [binary("psql"), "-XAtq", "-v", "ON_ERROR_STOP=1", "-c", text]
    done = subprocess.run(command, env=lease.environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def eventually(is_so: Callable[[], bool], within: float = 60, pause: float = 0.01) -> float:
    """Wait until something is so; how long it took, in seconds. `pause` is longer where it takes a
    process to ask."""
    since = time.monotonic()
    while not is_so():
        assert time.monotonic() - since < within, "this did not come about in time"
        time.sleep(pause)
    return time.monotonic() - since


def as_user(uid: int, work: Callable[[], bool]) -> bool:
    """Run something in a forked child under another user id, and say whether it was true."""
    child = os.fork()
    if child == 0:
        verdict = 2
        with suppress(BaseException):
            os.setgroups([])
            os.setresgid(NOBODY, NOBODY, NOBODY)
            os.setresuid(uid, uid, uid)
            verdict = 0 if work() else 1
        os._exit(verdict)
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    assert status in (0, 1), "the child broke"
    return status == 0


@pytest.fixture
def reachable() -> Iterator[Path]:
    """A folder that every user can get to (pytest's own are closed), owned by nobody."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o777)
        yield folder
