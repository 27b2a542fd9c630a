"""A user's own settings, which hold in all organizations of the user: language and time zone."""

from uuid import UUID

from msgspec import UNSET, Struct, UnsetType

from kalends.runtime.unit_of_work import UnitOfWork
from kalends.services.users.sign_in_sessions import UserAccount, get_account
from kalends.store.accounts import users
from kalends.store.accounts.notifications import look_at_agendas
from kalends.store.database import TenantConnection


class AccountChanges(Struct, frozen=True, kw_only=True):
    """What a user wants changed; UNSET stays as it is."""

    locale: str | UnsetType | None = UNSET
    timezone: str | UnsetType | None = UNSET


async def update_account(work: UnitOfWork, user_id: UUID, changes: AccountChanges) -> UserAccount:
    """Changes language or time zone, and recomputes when the user's agendas are due. Raises
    NotFound if the user has been deleted."""
    if changes.locale is not UNSET:
        await users.set_locale(work.tx, user_id, changes.locale)
    if changes.timezone is UNSET:
        return await get_account(work, user_id)
    await users.set_zone(work.tx, user_id, changes.timezone)
    account = await get_account(work, user_id)
    for membership in account.memberships:
        tenant = TenantConnection(membership.organization_id, work.tx)
        await look_at_agendas(tenant, work.recorded_at, user_id)
    return account
