"""An organization's API keys: create, list, revoke."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from kalends.domain.access import ApiKey
from kalends.domain.errors import Invalid
from kalends.domain.ids import API_KEY
from kalends.domain.scopes import Scope
from kalends.runtime.api_keys import MadeKey, make_key
from kalends.runtime.unit_of_work import UnitOfWork, require
from kalends.store.accounts import api_keys


async def list_api_keys(work: UnitOfWork, limit: int, offset: int) -> tuple[list[ApiKey], int]:
    """A page of the organization's keys that are not revoked, and the total."""
    return await api_keys.list_keys(work.tenant, limit, offset)


async def create_api_key(
    work: UnitOfWork, name: str | None, scopes: Sequence[Scope], expires_at: datetime | None
) -> MadeKey:
    """Makes a key of the caller's organization. Raises Invalid if it would have expired already."""
    if expires_at is not None and expires_at <= work.recorded_at:
        raise Invalid.field("expires_at", "must lie in the future")
    return await make_key(
        work.tenant,
        work.caller.mode,
        scopes,
        now=work.recorded_at,
        name=name,
        expires_at=expires_at,
    )


async def revoke_api_key(work: UnitOfWork, key_id: UUID) -> UUID:
    """Revokes a key of the organization. Raises NotFound, also for one that is revoked already."""
    is_revoked = await api_keys.revoke_key(work.tenant, key_id, work.recorded_at)
    return require(key_id if is_revoked else None, API_KEY, key_id)
