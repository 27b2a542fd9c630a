"""Real server processes for the tests: `kalends serve` on a port of its own."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from http import HTTPStatus
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import Self

from tests.forking import start_python

READY_WITHIN_SECONDS = 120


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@dataclass
class Server:
    """`kalends serve` as a child process; stopped by its own process id. `open_files` is the most
    that it may open, of which at first it has half; `python` is the one where it is installed.
    Where `is_copied` is false it is a new interpreter, as an operator starts it."""

    environment: Mapping[str, str]
    log_file: Path
    port: int = 0
    workers: int = 1
    process: subprocess.Popen[bytes] | None = None
    open_files: int | None = None
    host: str = "127.0.0.1"
    python: Path = Path(sys.executable)
    is_copied: bool = True

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> Self:
        self.port = self.port or free_port()
        with self.log_file.open("ab") as log:
            self.process = start_python(
                *("-m", "kalends", *self._words()),
                env={**os.environ, **self.environment},
                stdout=log,
                stderr=log,
                stdin=subprocess.DEVNULL,
                open_files=(self.open_files // 2, self.open_files) if self.open_files else None,
                python=self.python,
                is_copied=self.is_copied,
            )
        return self

    def _words(self) -> list[str]:
        return [
            "serve",
            "--host",
            self.host,
            "--port",
            str(self.port),
            "--workers",
            str(self.workers),
        ]

    def ensure_running(self) -> Self:
        """Starts it again if it was killed."""
        if self.process is None or self.process.poll() is not None:
            self.start()
        return self.wait_until_ready()

    def wait_until_ready(self) -> Self:
        assert self.process
        deadline = time.monotonic() + READY_WITHIN_SECONDS
        while time.monotonic() < deadline:
            if self.process.poll() is not None:
                raise AssertionError(f"the server ended: {self.log_file.read_text()[-3000:]}")
            if self._is_ready():
                return self
            time.sleep(0.05)
        raise AssertionError(f"not ready in time: {self.log_file.read_text()[-3000:]}")

    def _is_ready(self) -> bool:
        connection = HTTPConnection("127.0.0.1", self.port, timeout=5)
        try:
            connection.request("GET", "/readyz")
            return connection.getresponse().status == HTTPStatus.OK
        except (OSError, HTTPException):
            return False
        finally:
            connection.close()

    def kill(self) -> None:
        """Without any warning, as the kernel's out-of-memory killer would."""
        assert self.process
        self.process.send_signal(signal.SIGKILL)
        self.process.wait(10)

    def freeze(self) -> None:
        """Its connections stay open, new ones are taken, and nothing answers."""
        assert self.process
        self.process.send_signal(signal.SIGSTOP)

    def wake(self) -> None:
        """Goes on where it was frozen; does nothing to one that ended."""
        assert self.process
        self.process.send_signal(signal.SIGCONT)

    def stop(self) -> None:
        if self.process and self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(20)
            except subprocess.TimeoutExpired:
                self.kill()

    def __enter__(self) -> Self:
        return self.start().wait_until_ready()

    def __exit__(self, *_: object) -> None:
        self.stop()


class WorkerProcess(Server):
    """`kalends worker` as a child process."""

    def _words(self) -> list[str]:
        return ["worker"]

    def start(self) -> Self:
        self._starts = self._count_starts()
        return super().start()

    def _is_ready(self) -> bool:
        return self._count_starts() > self._starts

    def _count_starts(self) -> int:
        return self.log_file.read_text().count("worker started") if self.log_file.exists() else 0


@contextmanager
def stopped(process: "subprocess.Popen[bytes]") -> Iterator[None]:
    """While the block lasts it takes connections, as the system does that for it, and says
    nothing."""
    process.send_signal(signal.SIGSTOP)
    try:
        yield
    finally:
        process.send_signal(signal.SIGCONT)


@contextmanager
def two_behind_a_proxy(environment: Mapping[str, str], folder: Path) -> Iterator[list[Server]]:
    """Two processes behind a proxy, so that a test can come from anywhere."""
    behind_proxy = {**environment, "KALENDS_TRUSTED_PROXIES": "127.0.0.1"}
    with (
        Server(behind_proxy, folder / "1.log") as first,
        Server(behind_proxy, folder / "2.log") as second,
    ):
        yield [first, second]
