"""The floor in Python, F: the least that answers with a booking.

A bare ASGI application on the server's loop and HTTP parser, which reads the same row by one
prepared statement and writes it as JSON, with libraries as they come: asyncpg's pool resets a
connection that is given back, which is a round trip and a third of all. No key, no limit, no rule,
no log, no metric.

`/ORGANIZATION/BOOKING` by their UUIDs; run as `uvicorn --factory bench.floor:application`.
"""

import os
from typing import Any, Final
from uuid import UUID

import asyncpg
from msgspec import Raw, json

from kalends.domain.booking import Booking
from kalends.store.bookings.bookings import GET

DSN: Final = "BENCH_FLOOR_DSN"
CONNECTIONS: Final = 10
ENCODER: Final = json.Encoder()


async def _pass_json_on(connection: asyncpg.Connection) -> None:
    await connection.set_type_codec(
        "json", schema="pg_catalog", encoder=str, decoder=lambda text: Raw(text.encode())
    )


class Floor:
    """The application."""

    _pool: asyncpg.Pool

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "lifespan":
            await self._live(receive, send)
            return
        organization, booking = scope["path"][1:].split("/")
        async with self._pool.acquire() as connection:
            row = await connection.fetchrow(GET, UUID(organization), UUID(booking))
        body = ENCODER.encode(Booking(*row))
        headers = [
            (b"content-type", b"application/json"),
            (b"content-length", b"%d" % len(body)),
        ]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    async def _live(self, receive: Any, send: Any) -> None:
        await receive()
        self._pool = await asyncpg.create_pool(
            os.environ[DSN],
            min_size=CONNECTIONS,
            max_size=CONNECTIONS,
            init=_pass_json_on,
        )
        await send({"type": "lifespan.startup.complete"})
        await receive()
        await self._pool.close()
        await send({"type": "lifespan.shutdown.complete"})


def application() -> Floor:
    return Floor()
