"""Making an organization: its sandbox twin, its first admin, its first keys."""

import re
from typing import Final
from uuid import UUID

from msgspec import Struct

from kalends.domain.access import ApiKey, Mode, Organization, Role, Scope, User, hash_of, new_key
from kalends.domain.ids import new_id
from kalends.domain.values import Instant
from kalends.services.passwords import hash_password
from kalends.services.work import Context
from kalends.store import organizations, users
from kalends.store.api_keys import insert_key
from kalends.store.database import Tx

LONGEST_SLUG: Final = 60


class SetUp(Struct, frozen=True, kw_only=True):
    """What was set up. The keys are shown this once; None where they were made before."""

    organization_id: UUID
    api_key: str | None
    sandbox_organization_id: UUID
    sandbox_api_key: str | None
    admin_email: str


async def set_up_organization(
    context: Context, name: str, admin_email: str, admin_password: str
) -> SetUp:
    """Makes the organization, unless there is one of that name. Raises Invalid, Unavailable."""
    password_hash = hash_password(admin_password)
    async with context.database.transaction() as tx:
        await organizations.lock_setup(tx)
        existing = await organizations.find_organization_named(tx, name)
        if existing is not None:
            return _as_it_was(existing, admin_email)
        return await _make(tx, context.clock(), name, admin_email, password_hash)


async def set_up_first(
    context: Context, name: str, admin_email: str, admin_password: str
) -> SetUp | None:
    """The same on an empty database alone; None where there is any organization."""
    password_hash = hash_password(admin_password)
    async with context.database.transaction() as tx:
        await organizations.lock_setup(tx)
        if await organizations.has_organizations(tx):
            return None
        return await _make(tx, context.clock(), name, admin_email, password_hash)


async def is_empty(context: Context) -> bool:
    """Whether nothing was ever set up here."""
    async with context.database.connection() as tx:
        return not await organizations.has_organizations(tx)


def _as_it_was(existing: Organization, admin_email: str) -> SetUp:
    return SetUp(
        organization_id=existing.id,
        api_key=None,
        sandbox_organization_id=existing.twin_id or existing.id,
        sandbox_api_key=None,
        admin_email=admin_email,
    )


async def _make(
    tx: Tx, now: Instant, name: str, admin_email: str, password_hash: str
) -> SetUp:
    slug = await _free_slug(tx, name)
    live_id, test_id = new_id(), new_id()
    for id_, twin_id, mode, its_slug in (
        (live_id, test_id, Mode.LIVE, slug),
        (test_id, live_id, Mode.TEST, f"{slug}-sandbox"),
    ):
        await organizations.insert_organization(
            tx,
            Organization(
                id=id_,
                name=name,
                slug=its_slug,
                timezone="UTC",
                notify_email=admin_email,
                mode=mode,
                twin_id=twin_id,
                created_at=now,
                updated_at=now,
            ),
        )
    user_id = await _user_of(tx, now, admin_email, password_hash)
    for id_ in (live_id, test_id):
        await organizations.add_member(id_, tx, user_id, Role.OWNER)
    return SetUp(
        organization_id=live_id,
        api_key=await make_key(tx, now, live_id, Mode.LIVE, [Scope.ALL], name="First key"),
        sandbox_organization_id=test_id,
        sandbox_api_key=await make_key(tx, now, test_id, Mode.TEST, [Scope.ALL], name="First key"),
        admin_email=admin_email,
    )


async def make_key(
    tx: Tx,
    now: Instant,
    organization_id: UUID,
    mode: Mode,
    scopes: list[Scope],
    *,
    name: str | None = None,
    expires_at: Instant | None = None,
    rate_limited: bool = True,
) -> str:
    """A new API key; the secret is given back this once."""
    secret = new_key(mode)
    key = ApiKey(
        id=new_id(),
        organization_id=organization_id,
        mode=mode,
        name=name,
        scopes=[scope.value for scope in scopes],
        last_four=secret[-4:],
        rate_limited=rate_limited,
        created_at=now,
        expires_at=expires_at,
    )
    await insert_key(organization_id, tx, key, hash_of(secret))
    return secret


async def _user_of(tx: Tx, now: Instant, email: str, password_hash: str) -> UUID:
    """The user with that address: the one there is, password untouched, or a new one."""
    known = await users.find_user(tx, email)
    if known is not None:
        return known[0].id
    user = User(id=new_id(), email=email, created_at=now)
    await users.insert_user(tx, user, password_hash)
    return user.id


def slug_of(name: str) -> str:
    """A name as a part of a URL: lower case, digits and hyphens."""
    return re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")[:LONGEST_SLUG] or "organization"


async def _free_slug(tx: Tx, name: str) -> str:
    base, number = slug_of(name), 1
    slug = base
    while await organizations.is_slug_taken(tx, slug):
        number += 1
        slug = f"{base}-{number}"
    return slug
