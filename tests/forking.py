"""Python processes that begin as a copy of one that has imported Kalends already.

A new interpreter takes a second of CPU to import what a server needs, and a run of the tests starts
hundreds. `start_python` gives the same process without that: a child of the test's process with its
own environment, streams and working directory, that runs the module as `python -m` does, ends as
that would and is waited for, signalled and killed by its id. What it cannot copy starts anew.

Some tests start new interpreters, as operators do: what is missing where nothing has been imported
before shows only there.
"""

import atexit
import ctypes
import gc
import importlib
import inspect
import io
import json
import os
import pkgutil
import platform
import resource
import runpy
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import IO, Any, Final, NoReturn

import argon2

BEGIN: Final = "import sys; from tests import forking; forking.serve(int(sys.argv[1]))()"
ROOT: Final = Path(__file__).parents[1]
LONGEST_REQUEST_BYTES: Final = 200_000
# It imports everything first, on a machine that may be busy with all else.
READY_WITHIN_SECONDS: Final = 300
CLONE_PARENT: Final = 0x8000
CLONE: Final = {"x86_64": 56, "aarch64": 220}
# Everything else may have been read while modules were imported.
MAY_DIFFER: Final = ("KALENDS_", "PYTEST_")
RUN_BY_PATH: Final = ("kalends.__main__", "kalends.store.migrations.")
STREAMS: Final = 3
NO_STREAM: Final = -1

Stream = int | IO[Any] | None


def start_python(
    *words: str,
    env: Mapping[str, str],
    stdin: Stream = None,
    stdout: Stream = None,
    stderr: Stream = None,
    text: bool | None = None,
    open_files: tuple[int, int] | None = None,
    python: Path = Path(sys.executable),
    is_copied: bool = True,
) -> "subprocess.Popen[Any]":
    """`python WORDS`, which are `-m MODULE …`. `open_files` are how many it may open, and the most
    to which it may raise that. Another `python`, or one that is not to be copied, is new."""
    command = [str(python), *words]
    streams: dict[str, Any] = {"stdin": stdin, "stdout": stdout, "stderr": stderr, "text": text}
    is_ours = str(python) == sys.executable
    if is_copied and is_ours and _original.may_become(words, env):
        return _Copy(command, env, streams, open_files)
    limit = partial(_limit_open_files, open_files) if open_files else None
    return subprocess.Popen(command, env=env, preexec_fn=limit, **streams)


def run_python(
    *words: str,
    env: Mapping[str, str],
    within_seconds: float,
    is_copied: bool = True,
) -> "subprocess.CompletedProcess[str]":
    """The same, with what it wrote, whether it succeeded or not. Raises TimeoutExpired."""
    streams: dict[str, Any] = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    with start_python(*words, env=env, is_copied=is_copied, **streams) as process:
        try:
            output, errors = process.communicate(timeout=within_seconds)
        finally:
            process.kill()
    return subprocess.CompletedProcess(process.args, process.returncode, output, errors)


@dataclass(frozen=True)
class Request:
    """What a copy is to become. Its streams come beside it."""

    module: str
    arguments: list[str]
    environment: dict[str, str]
    folder: str
    open_files: tuple[int, int] | None


class _Original:
    """The process that copies are made of, as the tests' process sees it: begun when it is wanted
    first, and ended with the tests."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._connection: socket.socket | None = None
        self._environment: dict[str, str] = {}

    def may_become(self, words: tuple[str, ...], env: Mapping[str, str]) -> bool:
        """Whether a copy is what a new interpreter would be: not where coverage is measured, nor
        where the environment differs by what may have been read already."""
        if words[0] != "-m" or platform.machine() not in CLONE or sys.platform != "linux":
            return False
        if any(name.startswith("COVERAGE") for name in env):
            return False
        with self._lock:
            if self._connection is None:
                self._begin()
        return _lasting(env) == self._environment

    def copy(self, request: Request, streams: list[int]) -> int:
        """The id of a new child of this process. Raises TimeoutError; the next one is then asked of
        a new original, as what this one answers later would be taken for another child's id."""
        message = json.dumps(asdict(request)).encode()
        with self._lock:
            assert self._connection
            try:
                socket.send_fds(self._connection, [message], streams)
                answer = self._connection.recv(16)
            except TimeoutError:
                self._connection.close()
                self._connection = None
                raise
        if not answer:
            raise AssertionError("the process that copies are made of has ended")
        return int(answer)

    def _begin(self) -> None:
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._environment = _lasting(os.environ)
        with theirs:
            process = subprocess.Popen(
                [sys.executable, "-c", BEGIN, str(theirs.fileno())],
                env=self._environment,
                cwd=ROOT,
                stdin=subprocess.DEVNULL,
                pass_fds=[theirs.fileno()],
            )
        ours.settimeout(READY_WITHIN_SECONDS)
        self._connection = ours
        atexit.register(self._end, process, os.getpid())

    def _end(self, process: "subprocess.Popen[bytes]", of: int) -> None:
        if self._connection and os.getpid() == of:
            self._connection.close()
            process.wait()


def _lasting(environment: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in environment.items() if not name.startswith(MAY_DIFFER)}


_original = _Original()


class _Copy(subprocess.Popen[Any]):
    """A child like any other, but for how it began."""

    def __init__(
        self,
        command: list[str],
        env: Mapping[str, str],
        streams: Mapping[str, Any],
        open_files: tuple[int, int] | None,
    ) -> None:
        _, _, module, *arguments = command
        folder = os.getcwd()
        self._request = Request(module, arguments, dict(env), folder, open_files)
        super().__init__(command, env=env, **streams)

    def _execute_child(self, *given: object) -> None:
        """Takes the place of fork and exec, with the ends of pipes that Popen has made."""
        start = super()._execute_child  # type: ignore[misc]
        named = inspect.signature(start).bind(*given).arguments
        sys.audit("subprocess.Popen", sys.executable, self.args, None, self._request.environment)
        asked = [named[name] for name in ("p2cread", "c2pwrite", "errwrite")]
        streams = [own if end == NO_STREAM else end for own, end in enumerate(asked)]
        try:
            self.pid = _original.copy(self._request, streams)
            self._child_created = True
        finally:
            ends = ("p2cread", "p2cwrite", "c2pread", "c2pwrite", "errread", "errwrite")
            self._close_pipe_fds(*(named[name] for name in ends))  # type: ignore[attr-defined]


def serve(handle: int) -> Callable[[], None]:
    """Makes copies until the tests end. Returns in each of them, with what it is to run."""
    interrupted = signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the tests
    _import_kalends()
    _warm()
    gc.collect()
    gc.freeze()
    assert len(list(Path("/proc/self/task").iterdir())) == 1, "only the one that forks is copied"
    connection = socket.socket(fileno=handle)
    while True:
        message, streams, *_ = socket.recv_fds(connection, LONGEST_REQUEST_BYTES, STREAMS)
        if not message:
            sys.exit()
        pid = _fork_beside_us()
        if pid == 0:
            connection.close()
            signal.signal(signal.SIGINT, interrupted)
            return partial(_become, Request(**json.loads(message)), streams)
        for stream in streams:
            os.close(stream)
        try:
            connection.send(str(pid).encode())
        except BrokenPipeError:  # nobody waits for it any more
            os.kill(pid, signal.SIGKILL)
            sys.exit()


def _fork_beside_us() -> int:
    """As `os.fork`, but for a child of our parent, who can then wait for it.

    The C library's own fork is left out: nothing holds a lock, as there is one thread.
    """
    python = ctypes.pythonapi
    call = ctypes.PyDLL(None).syscall
    call.restype = ctypes.c_long
    words = [CLONE[platform.machine()], CLONE_PARENT | signal.SIGCHLD, 0, 0, 0, 0]
    python.PyOS_BeforeFork()
    pid: int = call(*map(ctypes.c_long, words))
    if pid == 0:
        python.PyOS_AfterFork_Child()
    else:
        python.PyOS_AfterFork_Parent()
    if pid < 0:
        raise OSError("no further process")
    return pid


def _become(request: Request, streams: list[int]) -> None:
    """Runs the module, as the interpreter does for `-m`."""
    os.chdir(request.folder)
    for number, stream in enumerate(streams):
        os.dup2(stream, number)
        os.close(stream)
    _open_streams()
    if request.open_files:
        _limit_open_files(request.open_files)
    os.environ.clear()
    os.environ.update(request.environment)
    sys.path[0] = request.folder
    sys.argv = ["-m", *request.arguments]
    try:
        runpy._run_module_as_main(request.module)  # type: ignore[attr-defined]
    except SystemExit as ending:
        code = _exit_code(ending)
    else:
        code = 0
    _end(code)


def _exit_code(ending: SystemExit) -> int:
    """What the interpreter makes of it: a text is written, and means that it failed."""
    if ending.code is None or isinstance(ending.code, int):
        return ending.code or 0
    sys.stderr.write(f"{ending.code}\n")
    return 1


def _end(code: int) -> NoReturn:
    """Does what an interpreter does for others before it ends, and leaves out that it then takes
    each module and object apart. That writes to every page which a copy shares: 0.15 s of CPU."""
    threading._shutdown()  # type: ignore[attr-defined]
    atexit._run_exitfuncs()
    try:
        sys.stdout.flush()
        sys.stderr.flush()
    except OSError:  # nobody reads any more
        sys.exit(code)
    os._exit(code & 0xFF)


def _open_streams() -> None:
    """Python's own of a new interpreter, over the same descriptors."""
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        old: io.TextIOWrapper = getattr(sys, name)
        is_plain = bool(number and old.write_through)
        binary = open(number, "wb" if number else "rb", 0 if is_plain else -1, closefd=False)  # noqa: SIM115
        stream = io.TextIOWrapper(
            binary, old.encoding, old.errors, line_buffering=number == 2, write_through=is_plain
        )
        setattr(sys, name, stream)
        setattr(sys, f"__{name}__", stream)


def _limit_open_files(limits: tuple[int, int]) -> None:
    resource.setrlimit(resource.RLIMIT_NOFILE, limits)


def _import_kalends() -> None:
    """All of it, but what is run by its path, and as the command itself begins: without rich."""
    importlib.import_module("kalends.__main__")._import_structlog()
    del sys.modules["kalends.__main__"]
    package = importlib.import_module("kalends")
    for module in pkgutil.walk_packages(package.__path__, "kalends."):
        if not module.name.startswith(RUN_BY_PATH):
            importlib.import_module(module.name)


def hash_quickly() -> None:
    """Argon2 is slow on purpose, 50 ms for each password; no test need wait for it."""
    passwords: Any = importlib.import_module("kalends.runtime.passwords")
    passwords.HASHER = argon2.PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)


def _warm() -> None:
    """What each server makes of constants: its list of zones, the patterns of its paths, which are
    kept by `re`, its templates, and what it knows of languages and reads requests by."""
    from starlette.routing import compile_path

    from kalends.domain.errors import Invalid
    from kalends.translation.catalogues import get_catalogue, languages
    from kalends.web.app import PAGES, ROUTES
    from kalends.web.http import reading
    from kalends.web.http.request_models import PageQuery
    from kalends.web.pages import descriptions, templating, zone_list

    hash_quickly()
    zone_list.load_zones()
    descriptions.description_html("[Link](https://example.com)")
    for language in languages():
        get_catalogue(language)
    for path in {page.path for page in PAGES}:
        compile_path(path)
    for route in ROUTES:
        with suppress(Invalid):
            reading.read_query(b"", route.query or PageQuery)
            reading.read_body(b"{}", route.body or PageQuery)
    for name in templating._ENVIRONMENT.list_templates():
        templating._ENVIRONMENT.get_template(name)
