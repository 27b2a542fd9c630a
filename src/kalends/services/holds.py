"""Holds: create, get, delete."""

from uuid import UUID

from kalends.domain.hold import Hold
from kalends.domain.ids import HOLD
from kalends.domain.scopes import Scope
from kalends.runtime.unit_of_work import UnitOfWork, require
from kalends.scheduling import holds as holding
from kalends.scheduling.holds import NewHold
from kalends.store.bookings import holds


async def create_hold(work: UnitOfWork, new: NewHold) -> Hold:
    """Creates a hold. Raises as creating a booking does."""
    if new.override:
        work.caller.check(Scope.BOOKINGS_OVERRIDE)
    return await holding.create_hold(work, new)


async def get_hold(work: UnitOfWork, hold_id: UUID) -> Hold:
    """Raises NotFound, also for a hold that has ended."""
    hold = await holds.find_hold(work.tenant, hold_id)
    alive = hold if hold and hold.expires_at > work.now else None
    return require(alive, HOLD, hold_id)


async def delete_hold(work: UnitOfWork, hold_id: UUID) -> UUID:
    """Ends the hold and releases its time. Raises NotFound."""
    await get_hold(work, hold_id)
    await holds.end_hold(work.tenant, hold_id, work.now)
    return hold_id
