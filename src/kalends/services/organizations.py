"""The organization that a key belongs to."""

from uuid import UUID

from msgspec import UNSET, Struct, UnsetType, structs

from kalends.domain.access import Organization
from kalends.domain.changes import values_to_change
from kalends.domain.errors import Invalid
from kalends.domain.ids import ORGANIZATION
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
    locale: str | UnsetType | None = UNSET
    staff_may_edit_hours: bool | UnsetType = UNSET


async def get_organization(work: UnitOfWork) -> Organization:
    """Raises NotFound."""
    organization = await organizations.find_organization(work.tenant)
    return _require(organization, work)


async def get_own(work: UnitOfWork, user_id: UUID) -> tuple[Organization, frozenset[UUID]]:
    """The organization, and the schedules in it that are the user's. Raises NotFound."""
    found = await organizations.find_own(work.tenant, user_id)
    organization, own = require(found, ORGANIZATION, work.organization_id)
    return organization, frozenset(own)


async def lock_organization(work: UnitOfWork) -> Organization:
    """Raises NotFound."""
    locked = await organizations.lock_organization(work.tenant)
    return _require(locked, work)


async def update_organization(
    work: UnitOfWork, before: Organization, changes: OrganizationChanges
) -> Organization:
    """Changes the organization, which is locked. Raises SlugTaken, and Invalid for a slug that
    is a path of Kalends."""
    values = values_to_change(changes)
    after = structs.replace(before, **values)
    if after == before:
        return before
    if after.slug != before.slug and is_reserved(after.slug):
        raise Invalid.field("slug", "is a path of Kalends itself; choose another one")
    after = structs.replace(after, updated_at=work.recorded_at)
    await organizations.update_organization(work.tx, after)
    return after


def _require(organization: Organization | None, work: UnitOfWork) -> Organization:
    return require(organization, ORGANIZATION, work.organization_id)
