"""The organization that a key belongs to."""

from msgspec import UNSET, Struct, UnsetType, structs

from kalends.domain.access import Organization
from kalends.domain.changes import given_values
from kalends.domain.errors import Invalid
from kalends.domain.ids import ORGANIZATION, encode_id
from kalends.domain.slugs import is_reserved
from kalends.runtime.unit_of_work import UnitOfWork, require
from kalends.store.accounts import organizations


class OrganizationChanges(Struct, frozen=True, kw_only=True):
    """What is UNSET stays as it is."""

    name: str | UnsetType = UNSET
    slug: str | UnsetType = UNSET
    timezone: str | UnsetType = UNSET
    notify_email: str | UnsetType | None = UNSET
    country: str | UnsetType | None = UNSET


async def get_organization(work: UnitOfWork) -> Organization:
    """Raises NotFound."""
    organization = await organizations.find_organization(work.tenant)
    return _found(organization, work)


async def lock_organization(work: UnitOfWork) -> Organization:
    """Raises NotFound."""
    locked = await organizations.lock_organization(work.tenant)
    return _found(locked, work)


async def update_organization(
    work: UnitOfWork, before: Organization, changes: OrganizationChanges
) -> Organization:
    """Changes the organization, which is locked. Raises SlugTaken, and Invalid for a slug that
    is a path of Kalends."""
    given = given_values(changes)
    after = structs.replace(before, **given)
    if after == before:
        return before
    if after.slug != before.slug and is_reserved(after.slug):
        raise Invalid.field("slug", "is a path of Kalends itself; choose another one")
    after = structs.replace(after, updated_at=work.recorded_at)
    await organizations.update_organization(work.tx, after)
    return after


def _found(organization: Organization | None, work: UnitOfWork) -> Organization:
    return require(organization, "organization", encode_id(ORGANIZATION, work.organization_id))
