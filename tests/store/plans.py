"""What PostgreSQL reads for a statement, planned for its arguments or for any."""

import asyncio
import json
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

import asyncpg
from tests.homes import copy_template

from kalends.store.embedded.server import EmbeddedPostgres


@contextmanager
def filled_database(
    folder: Path, fill: Callable[[asyncpg.Connection], Awaitable[None]]
) -> Iterator[str]:
    """The URL of a database of its own, filled by `fill`, whose planner knows what it has."""
    copy_template(folder)
    with EmbeddedPostgres(folder, settings={"fsync": "off", "timezone": "UTC"}) as lease:

        async def fill_and_analyze() -> None:
            db = await asyncpg.connect(lease.url)
            await fill(db)
            await db.execute("VACUUM ANALYZE bookings")
            await db.close()

        asyncio.run(fill_and_analyze())
        yield lease.url


def rows_read(plan: dict[str, Any]) -> float:
    """How many rows the scans of the plan looked at, those among them that were no match."""
    read = sum(rows_read(inner) for inner in plan.get("Plans", ()))
    if "Relation Name" in plan:
        looked_at = plan["Actual Rows"] + plan.get("Rows Removed by Filter", 0)
        read += plan["Actual Loops"] * (looked_at + plan.get("Rows Removed by Index Recheck", 0))
    return float(read)


async def rows_read_by(url: str, sql: str, arguments: list[Any], plan: str) -> float:
    """How many rows the scans of the statement look at. `plan` is `force_custom_plan` (for these
    arguments) or `force_generic_plan` (for any, as a kept plan is)."""
    db = await asyncpg.connect(url, server_settings={"plan_cache_mode": plan})
    try:
        types = [parameter.name for parameter in (await db.prepare(sql)).get_parameters()]
        await db.execute(f"PREPARE statement ({', '.join(types)}) AS {sql}")
        given = ", ".join(_literal(value) for value in arguments)
        explained = await db.fetchval(f"EXPLAIN (ANALYZE, FORMAT JSON) EXECUTE statement ({given})")
        return rows_read(json.loads(explained)[0]["Plan"])
    finally:
        await db.close()


def _literal(value: Any) -> str:
    if value is None:
        return "NULL"
    if isinstance(value, list):
        return "'{" + ",".join(map(str, value)) + "}'"
    text = value.isoformat() if isinstance(value, datetime) else str(value)
    return "'" + text.replace("'", "''") + "'"
