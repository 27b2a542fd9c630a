"""What nobody needs any more is deleted, over all organizations, a little at a time.

Each call is one short statement that deletes at most BATCH rows and returns how many. Rows that
someone else has locked are left for the next time, so it waits for nobody and deadlocks with
nobody, whatever the order.
"""

from datetime import datetime
from typing import Final

from kalends.store.database import Tx

BATCH: Final = 1000

# Holds of a sandbox end at the time that its requests give (Kalends-Now), which is not ours.
HOLDS: Final = """
DELETE FROM occupancies WHERE ctid = ANY(ARRAY(
    SELECT o.ctid FROM occupancies o
    JOIN organizations AS owner ON owner.id = o.organization_id AND owner.mode = 'live'
    WHERE o.expires_at <= $1
    ORDER BY o.expires_at LIMIT $2 FOR UPDATE OF o SKIP LOCKED))
"""
OLD_HOLDS: Final = """
DELETE FROM holds WHERE ctid = ANY(ARRAY(
    SELECT h.ctid FROM holds h JOIN organizations g ON g.id = h.organization_id AND g.mode = 'live'
    WHERE h.expires_at <= $1
    ORDER BY h.expires_at LIMIT $2 FOR UPDATE OF h SKIP LOCKED))
"""
ANSWERS: Final = """
DELETE FROM idempotency_keys WHERE ctid = ANY(ARRAY(
    SELECT ctid FROM idempotency_keys WHERE created_at <= $1
    ORDER BY created_at LIMIT $2 FOR UPDATE SKIP LOCKED))
"""
SESSIONS: Final = """
DELETE FROM sessions WHERE ctid = ANY(ARRAY(
    SELECT ctid FROM sessions WHERE expires_at <= $1
    ORDER BY expires_at LIMIT $2 FOR UPDATE SKIP LOCKED))
"""
WINDOWS: Final = """
DELETE FROM rate_windows WHERE ctid = ANY(ARRAY(
    SELECT ctid FROM rate_windows WHERE window_start < $1
    LIMIT $2 FOR UPDATE SKIP LOCKED))
"""
# Why a job failed for good is kept for as long as the job is.
JOB_LOG: Final = """
DELETE FROM pgqueuer_log WHERE ctid = ANY(ARRAY(
    SELECT ctid FROM pgqueuer_log AS entry WHERE created <= $1
      AND (status <> 'failed' OR NOT EXISTS (SELECT FROM pgqueuer WHERE id = entry.job_id))
    ORDER BY created LIMIT $2 FOR UPDATE SKIP LOCKED))
"""


async def delete_ended_holds(tx: Tx, now: datetime) -> int:
    """Gives back the time of holds that ended by `now`, but those of sandboxes."""
    return await _delete(tx, HOLDS, now)


async def delete_holds(tx: Tx, until: datetime) -> int:
    """Forgets holds that ended up to that moment, but those of sandboxes."""
    return await _delete(tx, OLD_HOLDS, until)


async def delete_answers(tx: Tx, until: datetime) -> int:
    """Forgets answers that were kept by `Idempotency-Key` up to that moment."""
    return await _delete(tx, ANSWERS, until)


async def delete_sessions(tx: Tx, now: datetime) -> int:
    """Forgets sessions that expired by `now`."""
    return await _delete(tx, SESSIONS, now)


async def delete_rate_windows(tx: Tx, before: int) -> int:
    """Forgets the counts of minutes that began earlier; `before` in Unix seconds."""
    return await _delete(tx, WINDOWS, before)


async def delete_job_log(tx: Tx, until: datetime) -> int:
    """Forgets what became of jobs up to that moment, but not of those kept as failed."""
    return await _delete(tx, JOB_LOG, until)


async def _delete(tx: Tx, sql: str, until: datetime | int) -> int:
    done: str = await tx.execute(sql, until, BATCH)
    return int(done.rpartition(" ")[2])
