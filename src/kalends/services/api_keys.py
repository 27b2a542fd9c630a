"""Making, listing and revoking API keys."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from kalends.domain.access import ApiKey, Mode, Scope, hash_of, new_key
from kalends.domain.errors import Invalid
from kalends.domain.ids import API_KEY, encode_id, new_id
from kalends.runtime.unit_of_work import UnitOfWork, require
from kalends.store.accounts import api_keys
from kalends.store.database import TenantConnection


class MadeKey(NamedTuple):
    """A new key; the secret is shown this once."""

    key: ApiKey
    secret: str


async def list_api_keys(work: UnitOfWork, limit: int, offset: int) -> tuple[list[ApiKey], int]:
    """A page of the organization's keys that were not revoked, and how many there are."""
    return await api_keys.list_keys(work.tenant, limit, offset)


async def create_api_key(
    work: UnitOfWork, name: str | None, scopes: Sequence[Scope], expires_at: datetime | None
) -> MadeKey:
    """A key of the caller's organization. Raises Invalid for one that has expired already."""
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
    """Raises NotFound for a key of others, or one that was revoked."""
    was_there = await api_keys.revoke_key(work.tenant, key_id, work.recorded_at)
    return require(key_id if was_there else None, "API key", encode_id(API_KEY, key_id))


async def make_key(
    tenant: TenantConnection,
    mode: Mode,
    scopes: Sequence[Scope],
    *,
    now: datetime,
    name: str | None = None,
    expires_at: datetime | None = None,
    rate_limited: bool = True,
) -> MadeKey:
    """Writes down a new key, for whoever sets an organization up."""
    secret = new_key(mode)
    key = ApiKey(
        id=new_id(),
        organization_id=tenant.organization_id,
        mode=mode,
        name=name,
        scopes=[scope.value for scope in dict.fromkeys(scopes)],
        last_four=secret[-4:],
        rate_limited=rate_limited,
        created_at=now,
        expires_at=expires_at,
    )
    await api_keys.insert_key(tenant, key, hash_of(secret))
    return MadeKey(key, secret)
