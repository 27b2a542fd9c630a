"""Webhook endpoints as rows; secrets are sealed."""

from datetime import datetime
from typing import Final
from uuid import UUID

from msgspec import structs

from kalends.domain.webhook import WebhookEndpoint
from kalends.store.database import TenantConnection
from kalends.store.rows import columns_of, insert_into, page_of, parameters, select_from

FIELDS: Final = WebhookEndpoint.__struct_fields__
COLUMNS: Final = columns_of(WebhookEndpoint)
_CHANGEABLE: Final = tuple(f for f in FIELDS if f not in ("id", "created_at", "failing_since"))

GET: Final = select_from("webhook_endpoints", WebhookEndpoint, "id = $2 AND deleted_at IS NULL")
GET_LOCKED: Final = GET + " FOR NO KEY UPDATE"
LIST: Final = page_of(
    "webhook_endpoints",
    COLUMNS,
    "organization_id = $1 AND deleted_at IS NULL",
    order="id",
    parameters=1,
)
COUNT: Final = (
    "SELECT count(*) FROM webhook_endpoints WHERE organization_id = $1 AND deleted_at IS NULL"
)
INSERT: Final = insert_into("webhook_endpoints", WebhookEndpoint)
UPDATE: Final = (
    f"UPDATE webhook_endpoints SET ({', '.join(_CHANGEABLE)})"
    f" = ROW({parameters(3, len(_CHANGEABLE))}) WHERE organization_id = $1 AND id = $2"
)
DELETE: Final = """
UPDATE webhook_endpoints SET deleted_at = $3, enabled = false
WHERE organization_id = $1 AND id = $2 AND deleted_at IS NULL
"""
WAKE_LANES: Final = """
UPDATE webhook_lanes SET due_at = now()
WHERE organization_id = $1 AND endpoint_id = $2 AND waiting > 0
"""
DROP_LANES: Final = "DELETE FROM webhook_lanes WHERE organization_id = $1 AND endpoint_id = $2"
# These three never wait for a lock: what they could not note, the next attempt will.
SUCCEEDED: Final = """
UPDATE webhook_endpoints SET failing_since = NULL
WHERE organization_id = $1 AND id = (SELECT id FROM webhook_endpoints
    WHERE organization_id = $1 AND id = $2 AND failing_since IS NOT NULL
    FOR NO KEY UPDATE SKIP LOCKED)
"""
FAILED: Final = """
UPDATE webhook_endpoints SET failing_since = $3
WHERE organization_id = $1 AND id = (SELECT id FROM webhook_endpoints
    WHERE organization_id = $1 AND id = $2 AND failing_since IS NULL
    FOR NO KEY UPDATE SKIP LOCKED)
"""
DISABLE: Final = """
UPDATE webhook_endpoints SET enabled = false, disabled_reason = $3, updated_at = $4,
    version = version + 1
WHERE organization_id = $1 AND id = (SELECT id FROM webhook_endpoints
    WHERE organization_id = $1 AND id = $2 AND enabled AND deleted_at IS NULL
    FOR NO KEY UPDATE SKIP LOCKED) RETURNING 1
"""


async def find_endpoint(tenant: TenantConnection, endpoint_id: UUID) -> WebhookEndpoint | None:
    row = await tenant.tx.fetchrow(GET, tenant.organization_id, endpoint_id)
    return None if row is None else WebhookEndpoint(*row)


async def lock_endpoint(tenant: TenantConnection, endpoint_id: UUID) -> WebhookEndpoint | None:
    """The endpoint, locked against other changes until the transaction ends."""
    row = await tenant.tx.fetchrow(GET_LOCKED, tenant.organization_id, endpoint_id)
    return None if row is None else WebhookEndpoint(*row)


async def list_endpoints(
    tenant: TenantConnection, limit: int, offset: int
) -> tuple[list[WebhookEndpoint], int]:
    """A page of the endpoints, the oldest first, and the total."""
    rows = await tenant.tx.fetch(LIST, tenant.organization_id, limit, offset)
    return [WebhookEndpoint(*row[:-1]) for row in rows if row["id"] is not None], rows[0]["total"]


async def count_endpoints(tenant: TenantConnection) -> int:
    total: int = await tenant.tx.fetchval(COUNT, tenant.organization_id)
    return total


async def insert_endpoint(tenant: TenantConnection, endpoint: WebhookEndpoint) -> None:
    await tenant.tx.execute(INSERT, tenant.organization_id, *structs.astuple(endpoint))


async def update_endpoint(tenant: TenantConnection, endpoint: WebhookEndpoint) -> None:
    """Writes the whole endpoint but `failing_since`; the caller holds its lock."""
    values = (getattr(endpoint, name) for name in _CHANGEABLE)
    await tenant.tx.execute(UPDATE, tenant.organization_id, endpoint.id, *values)


async def delete_endpoint(tenant: TenantConnection, endpoint_id: UUID, now: datetime) -> bool:
    """Deletes the endpoint, so that nothing is delivered to it any more; False if there is none."""
    done: str = await tenant.tx.execute(DELETE, tenant.organization_id, endpoint_id, now)
    await tenant.tx.execute(DROP_LANES, tenant.organization_id, endpoint_id)
    return done == "UPDATE 1"


async def wake_lanes(tenant: TenantConnection, endpoint_id: UUID) -> None:
    """Makes all lanes of the endpoint due now."""
    await tenant.tx.execute(WAKE_LANES, tenant.organization_id, endpoint_id)


async def record_success(tenant: TenantConnection, endpoint_id: UUID) -> None:
    """Notes that the endpoint no longer fails, unless somebody has locked it."""
    await tenant.tx.execute(SUCCEEDED, tenant.organization_id, endpoint_id)


async def record_failure(tenant: TenantConnection, endpoint_id: UUID, since: datetime) -> None:
    """Notes since when the endpoint fails, unless that is noted already or it is locked."""
    await tenant.tx.execute(FAILED, tenant.organization_id, endpoint_id, since)


async def disable_endpoint(
    tenant: TenantConnection, endpoint_id: UUID, reason: str, now: datetime
) -> bool:
    """Disables the endpoint; False if it is disabled already, or locked by somebody."""
    done = await tenant.tx.fetchval(DISABLE, tenant.organization_id, endpoint_id, reason, now)
    return done is not None
