"""Applications that uvicorn serves, each in a process of its own."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from socket import create_connection
from typing import Final

from tests.servers import free_port

READY_WITHIN_SECONDS: Final = 60


@dataclass(frozen=True)
class Served:
    """A process that answers on a port."""

    pid: int
    port: int


@contextmanager
def uvicorn(application: str, *options: str, environ: Mapping[str, str]) -> Iterator[Served]:
    """The application, on the loop and the HTTP parser of `kalends serve`, without a log."""
    port = free_port()
    command = [sys.executable, "-m", "uvicorn", application, "--port", str(port)]
    command += ["--loop", "uvloop", "--http", "httptools", "--ws", "none", "--no-server-header"]
    command += ["--no-access-log", "--log-level", "critical", "--timeout-keep-alive", "75"]
    process = subprocess.Popen(
        [*command, *options], env={**os.environ, **environ}, stdout=subprocess.DEVNULL
    )
    try:
        _wait_until_ready(process, port)
        yield Served(process.pid, port)
    finally:
        process.terminate()
        process.wait(20)


def _wait_until_ready(process: subprocess.Popen[bytes], port: int) -> None:
    until = time.monotonic() + READY_WITHIN_SECONDS
    while True:
        try:
            create_connection(("127.0.0.1", port), 1).close()
            return
        except OSError:
            if process.poll() is not None or time.monotonic() > until:
                raise SystemExit("uvicorn did not start") from None
            time.sleep(0.05)
