"""Answers by `Idempotency-Key`, which are stored in the same transaction as their change."""

from datetime import datetime
from typing import Final
from uuid import UUID

from msgspec import Raw, Struct

from kalends.store.database import TenantConnection, Tx

TRY_LOCK: Final = "SELECT pg_try_advisory_xact_lock(hashtextextended($1, 0))"
# It takes a lock, so that COMMIT waits for the standby, if that has to confirm commits: the first
# answer's own commit may not have been confirmed.
FIND: Final = """
SELECT fingerprint, status, headers, body FROM idempotency_keys
WHERE organization_id = $1 AND api_key_id = $2 AND operation = $3 AND key = $4
  AND created_at > $5
FOR UPDATE
"""
KEEP: Final = """
INSERT INTO idempotency_keys
    (organization_id, api_key_id, operation, key, fingerprint, status, headers, body, created_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
ON CONFLICT (organization_id, api_key_id, operation, key) DO UPDATE SET
    fingerprint = excluded.fingerprint, status = excluded.status, headers = excluded.headers,
    body = excluded.body, created_at = excluded.created_at
"""


class KeptAnswer(Struct, frozen=True):
    fingerprint: bytes
    status: int
    headers: Raw
    body: bytes


async def try_lock_key(tx: Tx, name: str) -> bool:
    """Whether this transaction got the lock with that name. Does not wait."""
    locked: bool = await tx.fetchval(TRY_LOCK, name)
    return locked


async def find_answer(
    tenant: TenantConnection, api_key_id: UUID, operation: str, key: str, since: datetime
) -> KeptAnswer | None:
    row = await tenant.tx.fetchrow(FIND, tenant.organization_id, api_key_id, operation, key, since)
    return None if row is None else KeptAnswer(*row)


async def keep_answer(
    tenant: TenantConnection,
    api_key_id: UUID,
    operation: str,
    key: str,
    answer: KeptAnswer,
    now: datetime,
) -> None:
    values = (answer.fingerprint, answer.status, answer.headers, answer.body, now)
    await tenant.tx.execute(KEEP, tenant.organization_id, api_key_id, operation, key, *values)
