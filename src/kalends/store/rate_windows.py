"""Rate windows: the counts of requests that the processes of an installation share."""

from collections.abc import Mapping
from typing import Final

from kalends.store.database import Tx

# Sorted, so that two processes that add the same subjects at once never deadlock.
ADD: Final = """
INSERT INTO rate_windows AS w (subject, window_start, count)
SELECT subject, $1, count FROM unnest($2::text[], $3::integer[]) AS hits (subject, count)
ORDER BY subject
ON CONFLICT (subject, window_start) DO UPDATE SET count = w.count + excluded.count
RETURNING subject, count
"""
FORGET: Final = "DELETE FROM rate_windows WHERE window_start < $1"


async def add_to_windows(tx: Tx, window_start: int, hits: Mapping[str, int]) -> dict[str, int]:
    """Adds the hits, and returns the totals of all processes by subject."""
    rows = await tx.fetch(ADD, window_start, list(hits), list(hits.values()))
    return {row["subject"]: row["count"] for row in rows}


async def forget_windows(tx: Tx, before: int) -> None:
    """Deletes windows that are over; `before` is in Unix seconds."""
    await tx.execute(FORGET, before)
