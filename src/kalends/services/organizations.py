"""The organization that a key belongs to."""

from uuid import UUID

from msgspec import structs

from kalends.domain.access import Organization
from kalends.domain.changes import FieldChanges
from kalends.domain.errors import Invalid
from kalends.domain.ids import ORGANIZATION
from kalends.domain.slugs import is_reserved
from kalends.runtime.unit_of_work import UnitOfWork, require
from kalends.store.accounts import organizations


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
    work: UnitOfWork, before: Organization, changes: FieldChanges[Organization]
) -> Organization:
    """Changes the organization, which is locked. Raises SlugTaken, and Invalid for a slug that
    is a path of Kalends."""
    after = changes.applied_to(before)
    if after == before:
        return before
    if after.slug != before.slug and is_reserved(after.slug):
        raise Invalid.field("slug", "is a path of Kalends itself; choose another one")
    after = structs.replace(after, updated_at=work.recorded_at)
    await organizations.update_organization(work.tx, after)
    return after


def _require(organization: Organization | None, work: UnitOfWork) -> Organization:
    return require(organization, ORGANIZATION, work.organization_id)
