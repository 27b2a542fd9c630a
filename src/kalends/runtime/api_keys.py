"""Makes API keys, for an organization that is being set up or one that wants another key."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from kalends.domain.access import ApiKey, Mode, hash_of, new_key
from kalends.domain.ids import new_id
from kalends.domain.scopes import Scope
from kalends.store.accounts import api_keys
from kalends.store.database import TenantConnection


class MadeKey(NamedTuple):
    """A new key with its secret, of which only the hash is stored."""

    key: ApiKey
    secret: str


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
    """Makes and stores a new key of the organization."""
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
