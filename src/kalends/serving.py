"""Runs servers and workers: listening sockets, limits of open files, signals, worker processes."""

import asyncio
import atexit
import ctypes
import multiprocessing
import os
import resource
import shutil
import signal
import socket
import sys
import tempfile
from collections.abc import Callable, Sequence
from contextlib import ExitStack, suppress
from dataclasses import replace
from functools import partial
from types import FrameType
from typing import Any, Final

import structlog
import uvicorn
import uvloop
from starlette.types import ASGIApp
from uvicorn.config import STARTUP_FAILURE
from uvicorn.supervisors import Multiprocess

from kalends import compose
from kalends.application import application
from kalends.compose import ServingError
from kalends.logs import set_up_logs
from kalends.settings import Settings
from kalends.web.http.connections import MOST_CONNECTIONS, ClientTimeouts, Connections
from kalends.web.http.protocol import Protocol

log = structlog.get_logger("kalends")

BACKLOG: Final = 2048
# Longer than proxies keep idle connections, so that none writes into a closed one.
KEEP_ALIVE_SECONDS: Final = 75
# Open files reserved for deliveries, mail, logs and libraries; database connections are extra.
OPEN_FILES_KEPT: Final = 300
PR_SET_PDEATHSIG: Final = 1
# How often uvicorn renews the `Date` header.
TICK_SECONDS: Final = 1.0
# After a signal, requests that have arrived get this long to begin: an event stream that is just
# starting would otherwise delay the shutdown by ten seconds. uvicorn's polling took as long.
BEGIN_WITHIN_SECONDS: Final = 0.1
# Passes the server's URL to its worker processes. It is no setting, since the check of a request's
# origin must not depend on it.
SERVED_AT: Final = "KALENDS_SERVED_AT"
WITHOUT_ADDRESS: Final = (
    "A worker needs KALENDS_PUBLIC_URL, the address that people see, to mail links. Without it"
    " mail waits for `kalends serve`; all other jobs run here."
)


def run_worker(home: compose.Installation) -> None:
    """Runs jobs, and nothing else, until SIGTERM or SIGINT."""
    raise_open_files()

    async def work() -> None:
        ended = asyncio.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(number, ended.set)
        context = home.context()
        if context.gateways.public_url is None:
            log.warning(WITHOUT_ADDRESS)
        try:
            async with compose.running_jobs(home, context, compose.JOBS_AT_ONCE_IN_A_WORKER):
                log.info("worker started")
                await ended.wait()
        finally:
            await context.close()
        log.info("worker stopped")

    uvloop.run(work())


def listen(host: str, port: int) -> list[socket.socket]:
    """Sockets that listen on each address of the host. From now on no other process can take the
    port, and clients that connect wait until the server runs. Raises ServingError."""
    opened: list[socket.socket] = []
    try:
        infos = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
        for family, _, _, _, address in dict.fromkeys(infos):
            opening = socket.socket(family, socket.SOCK_STREAM)
            opened.append(opening)
            opening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            if family == socket.AF_INET6:
                opening.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
            opening.bind(address)
            opening.listen(BACKLOG)
    except (OSError, UnicodeError, OverflowError) as error:
        for opening in opened:
            opening.close()
        reason = getattr(error, "strerror", None) or str(error)
        raise ServingError(
            f"Kalends cannot listen on {host} port {port} ({reason}). "
            "Name another one with --host and --port, or stop what listens there."
        ) from error
    return opened


def raise_open_files() -> int:
    """Raises the limit of open files to the hard limit, for this process and its children. Returns
    the limit."""
    now, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    with suppress(ValueError, OSError):  # the kernel may allow fewer than the hard limit says
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
        now = most
    return sys.maxsize if now == resource.RLIM_INFINITY else now


def most_connections(open_files: int, database_pool: int) -> int:
    """How many client connections one process accepts, so that files are left for PostgreSQL and
    jobs."""
    reserved = OPEN_FILES_KEPT + database_pool + compose.CONNECTIONS_FOR_JOBS
    return min(MOST_CONNECTIONS, max(open_files - reserved, open_files // 2))


def serve(
    home: compose.Installation,
    sockets: Sequence[socket.socket],
    workers: int,
    patience: ClientTimeouts | None = None,
) -> None:
    """Serves API, pages and jobs until a signal ends it: in this process, or in `workers` processes
    if that is more than one. `patience` is how long it waits for slow clients.

    Raises ServingError if it cannot start.
    """
    most = most_connections(raise_open_files(), home.settings.database_pool)
    common: dict[str, Any] = {
        "log_config": None,
        "access_log": False,
        "server_header": False,
        "timeout_graceful_shutdown": 10,
        "http": partial(Protocol, connections=Connections(patience, most)),
        "ws": "none",
        "timeout_keep_alive": KEEP_ALIVE_SECONDS,
        "proxy_headers": bool(home.settings.trusted_proxies),
        "forwarded_allow_ips": list(home.settings.trusted_proxies),
    }
    if workers == 1:
        _serve_here(uvicorn.Config(application(home), workers=1, **common), list(sockets))
    else:
        # On a busy machine the imports alone may take many seconds.
        config = WorkerConfig(
            "kalends.serving:worker_application",
            factory=True,
            workers=workers,
            timeout_worker_healthcheck=30,
            **common,
        )
        os.environ[SERVED_AT] = home.served_at or ""
        _serve_in_workers(config, list(sockets))


def _serve_here(config: uvicorn.Config, sockets: list[socket.socket]) -> None:
    server = _Server(config)
    try:
        server.run(sockets=sockets)
    except (KeyboardInterrupt, SystemExit):
        # uvicorn has shut down after a signal, and raises it again
        if not server.started and not server.should_exit:
            raise ServingError("The server could not start: its log says why.") from None


class _Server(uvicorn.Server):
    """A uvicorn server that is woken by signals and ticks once a second, for the `Date` header.
    uvicorn's own polls for signals ten times a second, a quarter of the CPU of an idle server."""

    _wake: Callable[[], object] | None = None

    async def main_loop(self) -> None:
        """Ticks until a signal ends the server."""
        signalled = asyncio.Event()
        self._wake = partial(asyncio.get_running_loop().call_soon_threadsafe, signalled.set)
        while not await self.on_tick(0):
            with suppress(TimeoutError):
                async with asyncio.timeout(TICK_SECONDS):
                    await signalled.wait()
        await asyncio.sleep(BEGIN_WITHIN_SECONDS)

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        super().handle_exit(sig, frame)
        if self._wake is not None:
            self._wake()


def _serve_in_workers(config: uvicorn.Config, sockets: list[socket.socket]) -> None:
    """Serves in several processes. They write their metrics into a common folder, so that each can
    report the sum."""
    with tempfile.TemporaryDirectory(prefix="kalends-metrics-") as folder:
        os.environ["PROMETHEUS_MULTIPROC_DIR"] = folder
        supervisor = _Workers(config, sockets=sockets)
        supervisor.run()
    if any(process.exitcode == STARTUP_FAILURE for process in supervisor.processes):
        raise ServingError("The workers could not start: their log says why.")


class _Workers(Multiprocess):
    """uvicorn's, which starts a lost worker again and says so in passing, and not what ended it."""

    def keep_subprocess_alive(self) -> None:
        before = [(worker, worker.process.is_alive()) for worker in self.processes]
        super().keep_subprocess_alive()
        for (lost, was_alive), now in zip(before, self.processes, strict=True):
            if now is not lost:
                log.warning(
                    "a worker was lost, and another one takes its place",
                    pid=lost.pid,
                    ended_by="it hung and was killed" if was_alive else _end_of(lost.exitcode),
                    new_pid=now.pid,
                )


def _end_of(exitcode: int | None) -> str:
    """Of a process: `SIGKILL`, `signal 40` for one without a name, or `exit code 3`."""
    if exitcode is None or exitcode >= 0:
        return f"exit code {exitcode}"
    try:
        return signal.Signals(-exitcode).name
    except ValueError:
        return f"signal {-exitcode}"


class WorkerConfig(uvicorn.Config):
    """Prepares worker processes: uvicorn calls `configure_logging` before anything else in one."""

    def configure_logging(self) -> None:
        super().configure_logging()
        parent = multiprocessing.parent_process()
        if parent is None:
            return
        # After a graceful shutdown uvicorn raises the signal again; `_exit_stack` then closes the
        # rest.
        signal.signal(signal.SIGTERM, _exit_now)
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
        if os.getppid() != parent.pid:
            raise SystemExit(0)
        if parent.pid is not None:
            _exit_stack.callback(_remove_metrics_folder, parent.pid)
        settings = Settings.from_environ()
        set_up_logs(settings.log_level, settings.log_format)


def _remove_metrics_folder(parent: int) -> None:
    """Removes the workers' folder of metrics if their parent was killed."""
    if os.getppid() != parent:
        shutil.rmtree(os.environ["PROMETHEUS_MULTIPROC_DIR"], ignore_errors=True)


def _exit_now(number: int, _: object) -> None:
    raise SystemExit(0)


def worker_application() -> ASGIApp:
    """The application of one of several server processes. It reads its settings itself, and holds
    a lease of its own on the embedded PostgreSQL until it exits."""
    settings = Settings.from_environ()
    home = _exit_stack.enter_context(compose.installation(settings, watched=True))
    return application(replace(home, served_at=os.environ.get(SERVED_AT) or None))


_exit_stack = ExitStack()
atexit.register(_exit_stack.close)
