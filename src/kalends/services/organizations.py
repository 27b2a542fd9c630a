"""The caller's organization: get and update."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from kalends.domain.access import MOST_NOTIFY_EMAILS, Organization, OwnThings
from kalends.domain.changes import FieldChanges
from kalends.domain.errors import Invalid
from kalends.domain.ids import ORGANIZATION
from kalends.domain.slugs import is_reserved
from kalends.runtime.if_match import IfMatch
from kalends.runtime.unit_of_work import UnitOfWork, require
from kalends.runtime.versions import require_version, with_changes
from kalends.store.accounts import organizations
from kalends.store.accounts.notifications import look_at_agendas


async def get_organization(work: UnitOfWork) -> Organization:
    """Raises NotFound."""
    organization = await organizations.find_organization(work.tenant)
    return require(organization, ORGANIZATION, work.organization_id)


async def get_own(work: UnitOfWork, user_id: UUID) -> OwnThings:
    """The organization, and the user's own things in it. Raises NotFound."""
    found = await organizations.find_own(work.tenant, user_id)
    return require(found, ORGANIZATION, work.organization_id)


async def lock_organization(work: UnitOfWork, if_match: IfMatch) -> Organization:
    """The organization, locked until the transaction ends. Raises NotFound, Stale."""
    locked = await organizations.lock_organization(work.tenant)
    return require_version(locked, ORGANIZATION, work.organization_id, if_match)


async def update_organization(
    work: UnitOfWork, before: Organization, changes: FieldChanges[Organization]
) -> Organization:
    """Changes the locked organization.

    `notify_email` is the first of `notify_emails`: a new one replaces the first, None removes all.
    Raises SlugTaken; Invalid for a reserved slug, and if both are given and `notify_email` is not
    the first of `notify_emails`.
    """
    given = FieldChanges[Organization](**_with_addresses(before, changes.values))
    after = with_changes(before, given, work.recorded_at)
    if after is before:
        return before
    if after.slug != before.slug and is_reserved(after.slug):
        raise Invalid.field("slug", "is a path of Kalends itself; choose another one")
    await organizations.update_organization(work.tx, after)
    if after.timezone != before.timezone:
        await look_at_agendas(work.tenant, work.recorded_at)
    return after


def _with_addresses(before: Organization, values: Mapping[str, Any]) -> dict[str, Any]:
    """The values with the notify addresses in the form that is stored. Raises Invalid."""
    given = {"notify_email", "notify_emails"} & set(values)
    if not given:
        return dict(values)
    first = values.get("notify_email")
    if "notify_emails" in values:
        every = values["notify_emails"]
        if "notify_email" in given and first != next(iter(every), None):
            raise Invalid.field("notify_email", "must be the first of notify_emails")
    else:
        every = [] if first is None else [first, *before.more_notify_emails]
    _check_addresses(every)
    kept = {name: value for name, value in values.items() if name not in given}
    return kept | {"notify_email": next(iter(every), None), "more_notify_emails": every[1:]}


def _check_addresses(addresses: list[str]) -> None:
    """Raises Invalid for too many addresses, or one that is named twice."""
    if len({address.casefold() for address in addresses}) < len(addresses):
        raise Invalid.field("notify_emails", "must name each address once")
    if len(addresses) > MOST_NOTIFY_EMAILS:
        raise Invalid.field("notify_emails", f"must be at most {MOST_NOTIFY_EMAILS}")
