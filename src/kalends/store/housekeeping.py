"""What nobody needs any more is deleted, over all organizations, a little at a time.

A look finds the ROWS_A_BATCH oldest rows that may go, and one short statement for each organization
deletes its own: so nothing is locked beyond one organization, and each statement is one node's
where they are spread. Rows that someone else has locked are left for the next time, so it waits for
nobody and deadlocks with nobody, whatever the order.
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
    """Rows of a table `t` that go: those whose `since` is not after a moment, the oldest first, and
    which `where` holds for; the moment is `{until}` in it. They are known by their `keys` within an
    organization, by name and type. A row may have changed since it was found, so what deletes it
    asks again."""

    table: str
    keys: Mapping[str, str]
    since: str = ""
    where: str = ""
    joins: str = ""
    change: str = "DELETE FROM {table}"

    @property
    def find(self) -> str:
        """Until $1, at most $2, over all organizations."""
        keys = ", ".join(f"t.{key}" for key in self.keys)
        order = f"ORDER BY t.{self.since}" if self.since else ""
        return f"""
SELECT t.organization_id, {keys} FROM {self.table} t {self.joins.format(until="$1")}
WHERE {self._condition("$1")} {order} LIMIT $2
"""

    @property
    def sweep(self) -> str:
        """Of organization $1, until $2, those with the keys in the arrays from $3 on."""
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
    """Deletes the rows of no organization whose `column` is not after $1, the oldest first."""
    return f"""
DELETE FROM {table} WHERE ctid = ANY(ARRAY(
    SELECT ctid FROM {table} WHERE {column} <= $1
    ORDER BY {column} LIMIT $2 FOR UPDATE SKIP LOCKED))
"""


_ID: Final = {"id": "uuid"}
# Holds of a sandbox end at the time that its requests give (Kalends-Now), which is not ours.
_OF_LIVE: Final = "JOIN organizations g ON g.id = t.organization_id AND g.mode = 'live'"
ENDED_CLAIMS: Final = Sweep(
    "occupancies", {"hold_id": "uuid", "schedule_id": "uuid"}, "expires_at", joins=_OF_LIVE
)
ENDED_HOLDS: Final = Sweep("holds", _ID, "expires_at", joins=_OF_LIVE)
IDEMPOTENT_ANSWERS: Final = Sweep(
    "idempotency_keys", {"api_key_id": "uuid", "operation": "text", "key": "text"}, "created_at"
)
SYNC_RUNS: Final = Sweep("calcom_runs", _ID, "finished_at")
# What waits is tried for days, and goes when it was tried for the last time.
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
# Why a job failed for good is kept for as long as the job is.
JOB_LOG: Final = """
DELETE FROM pgqueuer_log WHERE ctid = ANY(ARRAY(
    SELECT ctid FROM pgqueuer_log AS entry WHERE created <= $1
      AND (status <> 'failed' OR NOT EXISTS (SELECT FROM pgqueuer WHERE id = entry.job_id))
    ORDER BY created LIMIT $2 FOR UPDATE SKIP LOCKED))
"""


Keys = Sequence[Sequence[Any]]


async def find_old(tx: Tx, sweep: Sweep, until: datetime) -> dict[UUID, Keys]:
    """The keys of the oldest ROWS_A_BATCH rows that may go, by organization."""
    by_organization: dict[UUID, list[Sequence[Any]]] = defaultdict(list)
    for organization_id, *key in await tx.fetch(sweep.find, until, ROWS_A_BATCH):
        by_organization[organization_id].append(key)
    return dict(by_organization)


async def delete_old(tenant: TenantConnection, sweep: Sweep, keys: Keys, until: datetime) -> int:
    """Deletes those rows that may still go, and are not locked. Returns how many."""
    arrays = ([key[i] for key in keys] for i in range(len(sweep.keys)))
    done: str = await tenant.tx.execute(sweep.sweep, tenant.organization_id, until, *arrays)
    return _count_in(done)


async def delete_sign_in_sessions(tx: Tx, now: datetime) -> int:
    """Forgets sessions that expired by `now`."""
    return await _delete(tx, SESSIONS, now)


async def delete_rate_windows(tx: Tx, before: int) -> int:
    """Forgets the counts of minutes that began earlier; `before` in Unix seconds."""
    return await _delete(tx, WINDOWS, before)


async def delete_job_log(tx: Tx, until: datetime) -> int:
    """Forgets the outcomes of jobs up to that moment, but not of those kept as failed."""
    return await _delete(tx, JOB_LOG, until)


async def delete_account_links(tx: Tx, now: datetime) -> int:
    """Forgets links to reset a password, and invitations, that expired by `now`."""
    return await _delete(tx, ACCOUNT_LINKS, now)


async def delete_unsent_forms(tx: Tx, now: datetime) -> int:
    """Forgets what users sent after their session had ended, where nobody came back for it."""
    return await _delete(tx, UNSENT_FORMS, now)


async def _delete(tx: Tx, sql: str, until: datetime | int) -> int:
    done: str = await tx.execute(sql, until, ROWS_A_BATCH)
    return _count_in(done)


def _count_in(done: str) -> int:
    """The number in what PostgreSQL answers, such as `DELETE 3`."""
    return int(done.rpartition(" ")[2])
