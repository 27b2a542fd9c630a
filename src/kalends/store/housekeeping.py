"""Deletes rows that nobody needs any more, of all organizations, in small batches.

A query finds the ROWS_A_BATCH oldest rows that may be deleted, and one short statement for each
organization deletes that organization's. So no locks go beyond one organization, and in a
distributed database each statement runs on one node. Rows that somebody has locked are left for the
next time, so the statements never wait and never deadlock, whatever their order.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from msgspec import Struct

from kalends.store.database import TenantConnection, Tx

ROWS_A_BATCH: Final = 1000


class Sweep(Struct, frozen=True):
    """The rows of a table `t` to delete: those whose `since` is not after a moment and that meet
    `where`, in which `{until}` is that moment; the oldest first.

    `keys` are the columns (names and types) that identify a row within its organization. A row may
    have changed since it was found, so the statement that deletes it checks the conditions again.
    """

    table: str
    keys: Mapping[str, str]
    since: str = ""
    where: str = ""
    joins: str = ""
    change: str = "DELETE FROM {table}"

    @property
    def find(self) -> str:
        """The query for at most $2 rows until $1, over all organizations."""
        keys = ", ".join(f"t.{key}" for key in self.keys)
        order = f"ORDER BY t.{self.since}" if self.since else ""
        return f"""
SELECT t.organization_id, {keys} FROM {self.table} t {self.joins.format(until="$1")}
WHERE {self._condition("$1")} {order} LIMIT $2
"""

    @property
    def sweep(self) -> str:
        """The statement that deletes the rows of organization $1 until $2, with the keys in the
        arrays from $3 on."""
        arrays = ", ".join(f"${i}::{its}[]" for i, its in enumerate(self.keys.values(), 3))
        names = ", ".join(self.keys)
        same = " AND ".join(f"t.{key} = k.{key}" for key in self.keys)
        return f"""
{self.change.format(table=self.table)} WHERE organization_id = $1 AND ctid = ANY(ARRAY(
    SELECT t.ctid FROM unnest({arrays}) AS k ({names})
    JOIN {self.table} t ON t.organization_id = $1 AND {same}
    {self.joins.format(until="$2")}
    WHERE {self._condition("$2")} FOR UPDATE OF t SKIP LOCKED))
"""

    def _condition(self, until: str) -> str:
        is_old = f"t.{self.since} <= {until}" if self.since else ""
        return " AND ".join(filter(None, (is_old, self.where.format(until=until)))) or "true"


def _oldest(table: str, column: str) -> str:
    """The statement that deletes the rows whose `column` is not after $1, the oldest first, of a
    table whose rows belong to no organization."""
    return f"""
DELETE FROM {table} WHERE ctid = ANY(ARRAY(
    SELECT ctid FROM {table} WHERE {column} <= $1
    ORDER BY {column} LIMIT $2 FOR UPDATE SKIP LOCKED))
"""


_ID: Final = {"id": "uuid"}
# Holds of a sandbox end by the clock that its requests set (Kalends-Now), which is not ours.
_OF_LIVE: Final = "JOIN organizations g ON g.id = t.organization_id AND g.mode = 'live'"
ENDED_CLAIMS: Final = Sweep(
    "occupancies", {"hold_id": "uuid", "schedule_id": "uuid"}, "expires_at", joins=_OF_LIVE
)
ENDED_HOLDS: Final = Sweep("holds", _ID, "expires_at", joins=_OF_LIVE)
IDEMPOTENT_ANSWERS: Final = Sweep(
    "idempotency_keys", {"api_key_id": "uuid", "operation": "text", "key": "text"}, "created_at"
)
SYNC_RUNS: Final = Sweep("calcom_runs", _ID, "finished_at")
# A delivery that waits may be tried for days; it is only deleted after its last attempt.
DELIVERIES: Final = Sweep("deliveries", _ID, "created_at", "t.state <> 'pending'")
_OF_DELETED_ENDPOINT: Final = (
    "JOIN webhook_endpoints w ON w.organization_id = t.organization_id AND w.id = t.endpoint_id"
    " AND w.deleted_at <= {until}"
)
UNWANTED_DELIVERIES: Final = Sweep(
    "deliveries", _ID, where="t.state = 'pending'", joins=_OF_DELETED_ENDPOINT
)
_LANE: Final = {"endpoint_id": "uuid", "lane_id": "uuid"}
UNWANTED_LANES: Final = Sweep("webhook_lanes", _LANE, joins=_OF_DELETED_ENDPOINT)
EMPTY_LANES: Final = Sweep("webhook_lanes", _LANE, "due_at", "t.waiting <= 0")
MESSAGES: Final = Sweep(
    "mails",
    _ID,
    "created_at",
    "t.message IS NOT NULL",
    change="UPDATE {table} SET message = NULL",
)
BOOKING_LINKS: Final = Sweep(
    "booking_links",
    {"token_hash": "bytea"},
    "created_at",
    "(b.end_time <= {until} OR b.id IS NULL)",
    "LEFT JOIN bookings b ON b.organization_id = t.organization_id AND b.id = t.booking_id",
)
FORM_DRAFTS: Final = Sweep(
    "form_drafts", {"event_type_id": "uuid", "visitor": "bytea"}, "expires_at"
)
CONSENTS: Final = Sweep("calendar_consents", _ID, "expires_at")
FINDINGS: Final = Sweep("calendar_findings", _ID, "resolved_at")
SESSIONS: Final = _oldest("sessions", "expires_at")
ACCOUNT_LINKS: Final = _oldest("account_links", "expires_at")
UNSENT_FORMS: Final = _oldest("unsent_forms", "expires_at")
WINDOWS: Final = """
DELETE FROM rate_windows WHERE ctid = ANY(ARRAY(
    SELECT ctid FROM rate_windows WHERE window_start < $1
    LIMIT $2 FOR UPDATE SKIP LOCKED))
"""
# The log of a job that failed for good is kept for as long as the job is.
JOB_LOG: Final = """
DELETE FROM pgqueuer_log WHERE ctid = ANY(ARRAY(
    SELECT ctid FROM pgqueuer_log AS entry WHERE created <= $1
      AND (status <> 'failed' OR NOT EXISTS (SELECT FROM pgqueuer WHERE id = entry.job_id))
    ORDER BY created LIMIT $2 FOR UPDATE SKIP LOCKED))
"""


Keys = Sequence[Sequence[Any]]


async def find_old(tx: Tx, sweep: Sweep, until: datetime) -> dict[UUID, Keys]:
    """The keys of the oldest ROWS_A_BATCH rows that may be deleted, by organization."""
    by_organization: dict[UUID, list[Sequence[Any]]] = defaultdict(list)
    for organization_id, *key in await tx.fetch(sweep.find, until, ROWS_A_BATCH):
        by_organization[organization_id].append(key)
    return dict(by_organization)


async def delete_old(tenant: TenantConnection, sweep: Sweep, keys: Keys, until: datetime) -> int:
    """Deletes those of the rows that may still be deleted and are not locked. Returns how many."""
    arrays = ([key[i] for key in keys] for i in range(len(sweep.keys)))
    done: str = await tenant.tx.execute(sweep.sweep, tenant.organization_id, until, *arrays)
    return _count_in(done)


async def delete_sign_in_sessions(tx: Tx, now: datetime) -> int:
    """Deletes sign-in sessions that have expired by `now`."""
    return await _delete(tx, SESSIONS, now)


async def delete_rate_windows(tx: Tx, before: int) -> int:
    """Deletes the rate windows that began earlier; `before` is in Unix seconds."""
    return await _delete(tx, WINDOWS, before)


async def delete_job_log(tx: Tx, until: datetime) -> int:
    """Deletes the log of jobs up to that moment, except of failed jobs that are kept."""
    return await _delete(tx, JOB_LOG, until)


async def delete_account_links(tx: Tx, now: datetime) -> int:
    """Deletes links to reset a password, and invitations, that have expired by `now`."""
    return await _delete(tx, ACCOUNT_LINKS, now)


async def delete_unsent_forms(tx: Tx, now: datetime) -> int:
    """Deletes forms that users sent after their session had ended and did not come back for."""
    return await _delete(tx, UNSENT_FORMS, now)


async def _delete(tx: Tx, sql: str, until: datetime | int) -> int:
    done: str = await tx.execute(sql, until, ROWS_A_BATCH)
    return _count_in(done)


def _count_in(done: str) -> int:
    """The number in PostgreSQL's command tag, such as `DELETE 3`."""
    return int(done.rpartition(" ")[2])
