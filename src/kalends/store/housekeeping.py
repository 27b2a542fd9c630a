"""What nobody needs any more is deleted, over all organizations, a little at a time.

Each call is one short statement that deletes at most ROWS_A_BATCH rows and returns how many.
Rows that someone else has locked are left for the next time, so it waits for nobody and
deadlocks with nobody, whatever the order.
"""

from datetime import datetime
from typing import Final

from kalends.store.database import Tx

ROWS_A_BATCH: Final = 1000


def _oldest(table: str, column: str, condition: str = "true") -> str:
    """Deletes the rows whose `column` is not after $1, the oldest first."""
    return f"""
DELETE FROM {table} WHERE ctid = ANY(ARRAY(
    SELECT ctid FROM {table} WHERE {column} <= $1 AND {condition}
    ORDER BY {column} LIMIT $2 FOR UPDATE SKIP LOCKED))
"""


# Holds of a sandbox end at the time that its requests give (Kalends-Now), which is not ours.
ENDED_CLAIMS: Final = """
DELETE FROM occupancies WHERE ctid = ANY(ARRAY(
    SELECT o.ctid FROM occupancies o
    JOIN organizations AS owner ON owner.id = o.organization_id AND owner.mode = 'live'
    WHERE o.expires_at <= $1
    ORDER BY o.expires_at LIMIT $2 FOR UPDATE OF o SKIP LOCKED))
"""
ENDED_HOLDS: Final = """
DELETE FROM holds WHERE ctid = ANY(ARRAY(
    SELECT h.ctid FROM holds h JOIN organizations g ON g.id = h.organization_id AND g.mode = 'live'
    WHERE h.expires_at <= $1
    ORDER BY h.expires_at LIMIT $2 FOR UPDATE OF h SKIP LOCKED))
"""
IDEMPOTENT_ANSWERS: Final = _oldest("idempotency_keys", "created_at")
SESSIONS: Final = _oldest("sessions", "expires_at")
SYNC_RUNS: Final = _oldest("calcom_runs", "finished_at")
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
# What waits is tried for days, and goes when it was tried for the last time.
DELIVERIES: Final = _oldest("deliveries", "created_at", "state <> 'pending'")
UNWANTED_DELIVERIES: Final = """
DELETE FROM deliveries WHERE ctid = ANY(ARRAY(
    SELECT d.ctid FROM webhook_endpoints w
    JOIN deliveries d ON d.organization_id = w.organization_id AND d.endpoint_id = w.id
        AND d.state = 'pending'
    WHERE w.deleted_at <= $1 LIMIT $2 FOR UPDATE OF d SKIP LOCKED))
"""
UNWANTED_LANES: Final = """
DELETE FROM webhook_lanes WHERE ctid = ANY(ARRAY(
    SELECT l.ctid FROM webhook_endpoints w
    JOIN webhook_lanes l ON l.organization_id = w.organization_id AND l.endpoint_id = w.id
    WHERE w.deleted_at <= $1 LIMIT $2 FOR UPDATE OF l SKIP LOCKED))
"""
EMPTY_LANES: Final = _oldest("webhook_lanes", "due_at", "waiting <= 0")
MESSAGES: Final = """
UPDATE mails SET message = NULL WHERE ctid = ANY(ARRAY(
    SELECT ctid FROM mails WHERE created_at <= $1 AND message IS NOT NULL
    ORDER BY created_at LIMIT $2 FOR UPDATE SKIP LOCKED))
"""
BOOKING_LINKS: Final = """
DELETE FROM booking_links WHERE ctid = ANY(ARRAY(
    SELECT l.ctid FROM booking_links l
    LEFT JOIN bookings b ON b.organization_id = l.organization_id AND b.id = l.booking_id
    WHERE l.created_at <= $1 AND (b.end_time <= $1 OR b.id IS NULL)
    ORDER BY l.created_at LIMIT $2 FOR UPDATE OF l SKIP LOCKED))
"""
ACCOUNT_LINKS: Final = _oldest("account_links", "expires_at")
FORM_DRAFTS: Final = _oldest("form_drafts", "expires_at")


async def delete_ended_holds(tx: Tx, now: datetime) -> int:
    """Gives back the time of holds that ended by `now`, but those of sandboxes."""
    return await _delete(tx, ENDED_CLAIMS, now)


async def delete_holds(tx: Tx, until: datetime) -> int:
    """Forgets holds that ended up to that moment, but those of sandboxes."""
    return await _delete(tx, ENDED_HOLDS, until)


async def delete_answers(tx: Tx, until: datetime) -> int:
    """Forgets answers that were kept by `Idempotency-Key` up to that moment."""
    return await _delete(tx, IDEMPOTENT_ANSWERS, until)


async def delete_sessions(tx: Tx, now: datetime) -> int:
    """Forgets sessions that expired by `now`."""
    return await _delete(tx, SESSIONS, now)


async def delete_sync_runs(tx: Tx, until: datetime) -> int:
    """Forgets runs of the Cal.com sync that were over by then."""
    return await _delete(tx, SYNC_RUNS, until)


async def delete_rate_windows(tx: Tx, before: int) -> int:
    """Forgets the counts of minutes that began earlier; `before` in Unix seconds."""
    return await _delete(tx, WINDOWS, before)


async def delete_job_log(tx: Tx, until: datetime) -> int:
    """Forgets the outcomes of jobs up to that moment, but not of those kept as failed."""
    return await _delete(tx, JOB_LOG, until)


async def delete_deliveries(tx: Tx, until: datetime) -> int:
    """Forgets deliveries made up to that moment that wait for nothing any more."""
    return await _delete(tx, DELIVERIES, until)


async def delete_unwanted_deliveries(tx: Tx, now: datetime) -> int:
    """Forgets what waits for endpoints that were deleted by `now`."""
    return await _delete(tx, UNWANTED_DELIVERIES, now)


async def delete_unwanted_lanes(tx: Tx, now: datetime) -> int:
    """Forgets the lanes of endpoints that were deleted by `now`."""
    return await _delete(tx, UNWANTED_LANES, now)


async def delete_empty_lanes(tx: Tx, until: datetime) -> int:
    """Forgets lanes in which nothing waits since that moment."""
    return await _delete(tx, EMPTY_LANES, until)


async def delete_messages(tx: Tx, until: datetime) -> int:
    """Forgets the messages of mails up to that moment; that there was a mail is kept."""
    return await _delete(tx, MESSAGES, until)


async def delete_booking_links(tx: Tx, until: datetime) -> int:
    """Forgets links to bookings that ended up to that moment."""
    return await _delete(tx, BOOKING_LINKS, until)


async def delete_account_links(tx: Tx, now: datetime) -> int:
    """Forgets links to reset a password, and invitations, that expired by `now`."""
    return await _delete(tx, ACCOUNT_LINKS, now)


async def delete_form_drafts(tx: Tx, now: datetime) -> int:
    """Forgets what was typed and never sent, which expired by `now`."""
    return await _delete(tx, FORM_DRAFTS, now)


async def _delete(tx: Tx, sql: str, until: datetime | int) -> int:
    done: str = await tx.execute(sql, until, ROWS_A_BATCH)
    return int(done.rpartition(" ")[2])
