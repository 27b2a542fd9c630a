"""Reports: when an organization was told that a provider fails to make links to calls."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from kalends.domain.video import VideoProvider
from kalends.store.database import TenantConnection
from kalends.store.rows import is_so

PUT: Final = """
INSERT INTO video_reports AS r (organization_id, provider, reported_at) VALUES ($1, $2, $3)
ON CONFLICT (organization_id, provider) DO UPDATE SET reported_at = excluded.reported_at
    WHERE r.reported_at <= $4
RETURNING true
"""
FORGET: Final = "DELETE FROM video_reports WHERE organization_id = $1 AND provider = ANY($2)"


async def put_report(
    tenant: TenantConnection, provider: VideoProvider, now: datetime, not_since: datetime
) -> bool:
    """Whether to tell the organization now; False if it was told after `not_since`. Of two
    concurrent callers only one gets True."""
    return await is_so(tenant, PUT, provider.value, now, not_since)


async def forget_reports(tenant: TenantConnection, providers: Sequence[VideoProvider]) -> None:
    """Forgets the reports, so that the next failure is reported again."""
    await tenant.tx.execute(FORGET, tenant.organization_id, [one.value for one in providers])
