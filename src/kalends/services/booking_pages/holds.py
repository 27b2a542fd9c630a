"""Holds by page: keep a time while the form is filled in.

A browser that accepts cookies gets a random name for its visitor; `visitor` is its SHA-256. So the
visitor's own holds are in the way in none of its tabs. A visitor without cookies has only the hold
of the form.
"""

from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime, timedelta
from typing import Final, TypeVar
from uuid import UUID

from msgspec import structs

from kalends.domain.errors import Refused, SlotTaken
from kalends.domain.event_type import EventType
from kalends.domain.hold import Hold
from kalends.runtime.unit_of_work import UnitOfWork
from kalends.scheduling.holds import NewHold, create_hold
from kalends.services.booking_pages.offers import find_schedule_for
from kalends.store.bookings import holds

HOLD_MINUTES: Final = 10
# A form that is sent with faults extends its hold, but not beyond this.
LONGEST_HOLD: Final = timedelta(minutes=30)
# Several tabs may each hold a time; a further hold ends the oldest.
MOST_HOLDS: Final = 3

T = TypeVar("T")


async def hold_by_page(
    work: UnitOfWork,
    event_type: EventType,
    starts_at: datetime,
    instead_of: UUID | None,
    visitor: bytes | None,
    host_id: UUID | None = None,
) -> Hold:
    """Holds the time while the form is filled in, and releases the hold `instead_of`. A visitor who
    holds the time already keeps that hold, from whichever tab; with another host it is another one.

    Raises as creating a booking does.
    """
    own = await list_visitor_holds(work, visitor)
    with_host = [hold for hold in own if host_id is None or host_id in hold.schedule_ids]
    own_hold = first_hold_for(work, with_host, event_type, starts_at)
    if instead_of is not None and (own_hold is None or own_hold.id != instead_of):
        await release_hold(work, event_type, instead_of)
    if own_hold is not None:
        return await renew_hold(work, event_type, starts_at, own_hold.id) or own_hold
    others = [hold for hold in own if hold.id != instead_of]
    for oldest in others[: max(0, len(others) - MOST_HOLDS + 1)]:
        await holds.end_hold(work.tenant, oldest.id, work.now)

    async def claim() -> Hold:
        new = NewHold(
            start_time=starts_at,
            minutes=HOLD_MINUTES,
            schedule_id=host_id or await find_schedule_for(work, event_type, starts_at),
            event_type_id=event_type.id,
        )
        return await create_hold(work, new)

    hold = await claim_over_own_holds(work, others, claim)
    if visitor is not None:
        await holds.set_visitor(work.tenant, hold.id, visitor)
    return hold


async def list_own_hold_ids(work: UnitOfWork, visitor: bytes | None) -> list[UUID]:
    """The ids of the visitor's live holds at this organization."""
    return [hold.id for hold in await list_visitor_holds(work, visitor)]


async def find_live_hold(
    work: UnitOfWork, event_type: EventType, starts_at: datetime, hold_id: UUID
) -> Hold | None:
    """The hold, if it is live and of that time and event type; else None."""
    hold = await holds.find_hold(work.tenant, hold_id)
    return first_hold_for(work, [hold], event_type, starts_at) if hold else None


async def find_own_hold(
    work: UnitOfWork, event_type: EventType, starts_at: datetime, visitor: bytes | None
) -> Hold | None:
    """The visitor's live hold of that time and event type, from any tab; else None."""
    own = await list_visitor_holds(work, visitor)
    return first_hold_for(work, own, event_type, starts_at)


async def renew_hold(
    work: UnitOfWork, event_type: EventType, starts_at: datetime, hold_id: UUID
) -> Hold | None:
    """Extends the live hold, up to half an hour in all; None if it is not live."""
    hold = await find_live_hold(work, event_type, starts_at, hold_id)
    if hold is None:
        return None
    until = min(work.now + timedelta(minutes=HOLD_MINUTES), hold.created_at + LONGEST_HOLD)
    await holds.extend_hold(work.tenant, hold_id, until, work.now)
    return structs.replace(hold, expires_at=max(until, hold.expires_at))


async def claim_over_own_holds(
    work: UnitOfWork, own: Sequence[Hold], claim: Callable[[], Awaitable[T]]
) -> T:
    """Claims a time while keeping the visitor's own holds; if they are in the way, in their place.
    Raises as `claim` does, and has then released none."""
    if not own:
        return await claim()
    try:
        async with work.tx.transaction():
            return await claim()
    except (SlotTaken, Refused):
        for hold in own:
            await holds.end_hold(work.tenant, hold.id, work.now)
        return await claim()


async def list_visitor_holds(work: UnitOfWork, visitor: bytes | None) -> list[Hold]:
    """The visitor's live holds, the oldest first."""
    if visitor is None:
        return []
    return await holds.list_holds_of(work.tenant, visitor, work.now)


async def release_hold(work: UnitOfWork, event_type: EventType, hold_id: UUID) -> None:
    """Ends the hold, if it is of that event type."""
    hold = await holds.find_hold(work.tenant, hold_id)
    if hold is not None and hold.event_type_id == event_type.id:
        await holds.end_hold(work.tenant, hold_id, work.now)


def first_hold_for(
    work: UnitOfWork, among: Sequence[Hold], event_type: EventType, starts_at: datetime
) -> Hold | None:
    """The first live hold of that time and event type; else None."""
    for hold in among:
        is_live = hold.expires_at > work.now
        if is_live and (hold.event_type_id, hold.start_time) == (event_type.id, starts_at):
            return hold
    return None
