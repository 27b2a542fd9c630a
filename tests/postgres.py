"""The PostgreSQL of an installation, as processes that a test stops."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress

import psutil

from kalends.compose import Installation


def postmaster_of(home: Installation) -> int:
    """The id of the process that the embedded PostgreSQL began with."""
    file = home.settings.data_dir / "postgres" / "postmaster.pid"
    pid = int(file.read_text().split()[0])
    assert psutil.pid_exists(pid)
    return pid


@contextmanager
def stopped(postmaster: int) -> Iterator[None]:
    """While the block lasts PostgreSQL takes connections and says nothing. The postmaster is
    stopped first and woken last, so that it makes no further process meanwhile."""
    main = psutil.Process(postmaster)
    main.suspend()
    processes = [*main.children(), main]
    for process in processes:
        with suppress(psutil.NoSuchProcess):
            process.suspend()
    try:
        yield
    finally:
        for process in processes:
            with suppress(psutil.NoSuchProcess):
                process.resume()
