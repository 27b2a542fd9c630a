"""Counts round trips: a proxy between a server and PostgreSQL.

Each answer to a client ends with ReadyForQuery, so there are as many of these as the client waited
for an answer.
"""

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from bench.home import folder_of
from bench.load import drive
from bench.processes import uvicorn
from bench.stage import WITHOUT_JOBS, Home, Plan
from kalends.compose import load_secret
from kalends.store.embedded.process import DATABASE, SOCKET_NAME, SUPERUSER

READY_FOR_QUERY: Final = b"Z"
# A message is its kind, and four bytes that tell its length, which are counted in it.
KIND_BYTES: Final = 1
LENGTH_BYTES: Final = 4


def round_trips_of_create(home: Home, plan: Plan) -> float:
    """Of the request alone, as no job runs beside it. What is asked only now and then (the key, the
    shared limits) is in it as a fraction."""
    with folder_of("proxy") as folder, _proxy(folder, str(home.database.connect["host"])) as proxy:
        environ = home.environ | {
            "KALENDS_DATABASE_URL": f"postgresql://{SUPERUSER}@/{DATABASE}?host={folder}",
            "KALENDS_SECRET": load_secret(home.data_dir),
        }
        with uvicorn(*WITHOUT_JOBS, environ=environ) as server:
            request = home.bookings(has_webhook=False)
            drive(server.port, request, plan.warm_up).checked()
            before = proxy.count
            sent = drive(server.port, request, plan.seconds).checked().count
            return (proxy.count - before) / sent


@dataclass
class _Proxy:
    """Passes on all that comes, and counts the answers that are whole."""

    postgres: Path
    count: int = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection of a client."""
        answers, questions = await asyncio.open_unix_connection(self.postgres)
        asking = asyncio.create_task(_pass_on(reader, questions))
        try:
            while True:
                kind = await answers.readexactly(KIND_BYTES)
                length = await answers.readexactly(LENGTH_BYTES)
                rest = await answers.readexactly(int.from_bytes(length) - LENGTH_BYTES)
                self.count += kind == READY_FOR_QUERY
                writer.write(kind + length + rest)
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()
        finally:
            asking.cancel()
            questions.close()


async def _pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while part := await reader.read(65_536):
        writer.write(part)
    writer.close()


@contextmanager
def _proxy(folder: Path, postgres: str) -> Iterator[_Proxy]:
    """In a thread of its own, reached by a socket in the folder."""
    proxy = _Proxy(Path(postgres) / SOCKET_NAME)
    loop = asyncio.new_event_loop()
    server = loop.run_until_complete(asyncio.start_unix_server(proxy.serve, folder / SOCKET_NAME))
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    try:
        yield proxy
    finally:
        loop.call_soon_threadsafe(server.close)
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()
