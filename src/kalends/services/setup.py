"""Setting up an organization: its sandbox, its first admin and its first keys; and what an operator
adds to one from the command line."""

from collections.abc import Sequence
from typing import Final, NamedTuple
from uuid import UUID

from msgspec import Struct

from kalends.domain.access import Mode, Organization, Role, User
from kalends.domain.errors import NotFound
from kalends.domain.ids import ORGANIZATION, decode_id, new_id
from kalends.domain.schedule import WEEKDAYS, Schedule, WindowText
from kalends.domain.scopes import Scope
from kalends.domain.slugs import is_reserved, slug_of
from kalends.domain.values import Instant
from kalends.runtime.api_keys import MadeKey, make_key
from kalends.runtime.passwords import hash_password
from kalends.runtime.unit_of_work import Context
from kalends.store.accounts import organizations, users
from kalends.store.availability.schedules import insert_schedule
from kalends.store.database import TenantConnection, Tx

# A placeholder that nobody chose: the first run asks for a better name.
FIRST_SCHEDULE_NAME: Final = "My calendar"
WORKDAYS: Final = WEEKDAYS[:5]
OFFICE_HOURS: Final = WindowText("09:00", "17:00")


class MadeOrganization(Struct, frozen=True, kw_only=True):
    """An organization that was set up. The keys are shown only now; None if they were made
    before."""

    organization_id: UUID
    api_key: str | None
    sandbox_organization_id: UUID
    sandbox_api_key: str | None
    admin_email: str


async def set_up_organization(
    context: Context, name: str, admin_email: str, admin_password: str
) -> MadeOrganization:
    """Makes the organization with its sandbox, unless there is one with that name. Raises Invalid,
    Unavailable."""
    password_hash = hash_password(admin_password)
    async with context.database.transaction() as tx:
        await organizations.lock_setup(tx)
        existing = await organizations.find_organization_named(tx, name)
        if existing is not None:
            return _as_it_was(existing, admin_email)
        return await _make(tx, context.clock(), name, admin_email, password_hash)


class FirstSetUp(NamedTuple):
    """What the first start of an installation made: an organization, and a schedule to try it
    with."""

    organization: MadeOrganization
    schedule: Schedule


async def set_up_first(
    context: Context, name: str, admin_email: str, admin_password: str
) -> FirstSetUp | None:
    """The same, but only on an empty database, and with a schedule (Monday to Friday, 09:00 to
    17:00 UTC). None if there is any organization."""
    password_hash = hash_password(admin_password)
    async with context.database.transaction() as tx:
        await organizations.lock_setup(tx)
        if await organizations.has_organizations(tx):
            return None
        now = context.clock()
        set_up = await _make(tx, now, name, admin_email, password_hash)
        tenant = TenantConnection(set_up.organization_id, tx)
        schedule = await insert_schedule(tenant, _first_schedule(now))
        return FirstSetUp(set_up, schedule)


async def create_key(
    context: Context, named: str, scopes: Sequence[Scope], name: str | None, rate_limited: bool
) -> MadeKey:
    """Makes a key of the organization, live or sandbox. Raises NotFound."""
    async with context.database.transaction() as tx:
        organization = await _organization_named(tx, named)
        return await make_key(
            TenantConnection(organization.id, tx),
            organization.mode,
            scopes,
            now=context.clock(),
            name=name,
            rate_limited=rate_limited,
        )


async def add_user(context: Context, named: str, email: str, password: str, role: Role) -> bool:
    """Gives the user that role in the organization and its sandbox. Returns whether the user is
    new; an existing user keeps the password.

    Raises Invalid, NotFound.
    """
    password_hash = hash_password(password)
    async with context.database.transaction() as tx:
        await organizations.lock_setup(tx)
        organization = await _organization_named(tx, named)
        is_new = await users.find_user(tx, email) is None
        user_id = await _user_of(tx, context.clock(), email, password_hash)
        for id_ in filter(None, (organization.id, organization.twin_id)):
            await organizations.add_member(TenantConnection(id_, tx), user_id, role)
        return is_new


async def get_organization_named(context: Context, named: str) -> Organization:
    """The organization with that id, slug or name. Raises NotFound."""
    async with context.database.connection() as tx:
        return await _organization_named(tx, named)


async def _organization_named(tx: Tx, named: str) -> Organization:
    """The organization with that id, slug or name. Raises NotFound."""
    id_ = decode_id(ORGANIZATION, named)
    organization = None
    if id_:
        organization = await organizations.find_organization(TenantConnection(id_, tx))
    organization = organization or await organizations.find_organization_by_slug(tx, named)
    organization = organization or await organizations.find_organization_named(tx, named)
    if organization is None:
        raise NotFound(f"There is no organization {named!r}.")
    return organization


async def find_organization(context: Context, named: str | None) -> Organization:
    """The organization with that id, slug or name; None takes the only live one. Raises
    NotFound."""
    async with context.database.connection() as tx:
        if named is not None:
            return await _organization_named(tx, named)
        live = await organizations.list_live_organizations(tx, limit=2)
    if len(live) != 1:
        raise NotFound(
            "There are several organizations here: name one with --organization."
            if live
            else "There is no organization here."
        )
    return live[0]


async def find_organization_id(context: Context, named: str) -> UUID:
    """The id of the organization with that id, slug or name. Raises NotFound."""
    async with context.database.connection() as tx:
        return (await _organization_named(tx, named)).id


async def is_empty(context: Context) -> bool:
    """Whether the database has no organization."""
    async with context.database.connection() as tx:
        return not await organizations.has_organizations(tx)


def _first_schedule(now: Instant) -> Schedule:
    return Schedule(
        id=new_id(),
        name=FIRST_SCHEDULE_NAME,
        availability=dict.fromkeys(WORKDAYS, OFFICE_HOURS),
        created_at=now,
        updated_at=now,
        version=1,
    )


def _as_it_was(existing: Organization, admin_email: str) -> MadeOrganization:
    return MadeOrganization(
        organization_id=existing.id,
        api_key=None,
        sandbox_organization_id=existing.twin_id or existing.id,
        sandbox_api_key=None,
        admin_email=admin_email,
    )


async def _make(
    tx: Tx, now: Instant, name: str, admin_email: str, password_hash: str
) -> MadeOrganization:
    """Makes the organization, its sandbox, their owner and their first keys."""
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
        await organizations.add_member(TenantConnection(id_, tx), user_id, Role.OWNER)
    return MadeOrganization(
        organization_id=live_id,
        api_key=await _first_key(tx, now, live_id, Mode.LIVE),
        sandbox_organization_id=test_id,
        sandbox_api_key=await _first_key(tx, now, test_id, Mode.TEST),
        admin_email=admin_email,
    )


async def _first_key(tx: Tx, now: Instant, organization_id: UUID, mode: Mode) -> str:
    key = await make_key(
        TenantConnection(organization_id, tx), mode, [Scope.ALL], now=now, name="First key"
    )
    return key.secret


async def _user_of(tx: Tx, now: Instant, email: str, password_hash: str) -> UUID:
    """The user with that address: an existing one, whose password stays, or a new one."""
    account = await users.find_user(tx, email)
    if account is not None:
        return account[0].id
    user = User(id=new_id(), email=email, created_at=now)
    await users.insert_user(tx, user, password_hash)
    return user.id


async def _free_slug(tx: Tx, name: str) -> str:
    base, number = slug_of(name), 1
    slug = base
    while is_reserved(slug) or await organizations.is_slug_taken(tx, slug):
        number += 1
        slug = f"{base}-{number}"
    return slug
