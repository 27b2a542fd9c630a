"""The health of the one server of a channel, such as the mail server. It is the operator's server,
belongs to no organization, and all processes share its health."""

from datetime import datetime, timedelta
from typing import Final

from msgspec import Struct

from kalends.store.database import Tx

# In seconds, as a table that is on all nodes cannot be updated with an instant plus a column's
# value. However many processes find out at once, it is one failure for each time it was due.
FAILED: Final = """
WITH failed AS (
    INSERT INTO channel_health AS h (channel, failing_since, failures, resume_at, reason)
    VALUES ($1, now(), 1, now() + $2::interval, $5)
    ON CONFLICT (channel) DO UPDATE SET failures = h.failures + 1, reason = excluded.reason,
        resume_at = to_timestamp(extract(epoch FROM now())::float8 + extract(epoch FROM
            least($2::interval * 2 ^ least(h.failures, $4::integer), $3::interval))::float8)
    WHERE h.resume_at <= now()
    RETURNING failures, resume_at)
SELECT failures = 1, resume_at - now() FROM failed
UNION ALL
SELECT false, resume_at - now() FROM channel_health
WHERE channel = $1 AND NOT EXISTS (SELECT FROM failed)
"""
WORKS: Final = "DELETE FROM channel_health WHERE channel = $1 RETURNING failing_since"
LIST: Final = "SELECT channel, failing_since, resume_at, reason FROM channel_health ORDER BY 1"
MOST_DOUBLINGS: Final = 20


class ChannelHealth(Struct, frozen=True):
    """A channel whose server takes nothing: since when, until when nothing is sent, and why."""

    channel: str
    failing_since: datetime
    resume_at: datetime
    reason: str


class Failure(Struct, frozen=True):
    """Whether the server failed for the first time, and how long nothing is sent to it."""

    is_first: bool
    pause: timedelta


async def record_channel_failure(
    tx: Tx, channel: str, pause: timedelta, longest: timedelta, reason: str
) -> Failure:
    """Notes that the server takes nothing. It is left alone for `pause`, and after each further
    failure twice as long, up to `longest`. A failure within such a pause does not count."""
    row = await tx.fetchrow(FAILED, channel, pause, longest, MOST_DOUBLINGS, reason)
    return Failure(*row) if row else Failure(False, pause)


async def record_channel_success(tx: Tx, channel: str) -> datetime | None:
    """Notes that the server works; returns since when it did not, if this is the first success."""
    since: datetime | None = await tx.fetchval(WORKS, channel)
    return since


async def list_failing_channels(tx: Tx) -> list[ChannelHealth]:
    return [ChannelHealth(*row) for row in await tx.fetch(LIST)]
