"""Taking time: the one function that every way into the calendar goes through.

An API booking, a page's, a hold, a move and an import all end in `take_place`. It asks the rules
(unless the caller overrides them), and then the exclusion constraint, which nobody overrides.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from msgspec import Struct

from kalends.domain.errors import Detail, KalendsError, Refused, SlotTaken
from kalends.domain.event_type import Requirement
from kalends.domain.ids import SCHEDULE, shown
from kalends.domain.schedule import Schedule
from kalends.services import rules
from kalends.services.work import Work, found
from kalends.store.occupancies import Claim, claim, count_starts
from kalends.store.schedules import Bookable, find_for_booking, lock_schedules


TAKEN: Final = "This time is already taken. Please choose another."


class Wish(Struct, frozen=True, kw_only=True):
    """What is wanted. Buffers in minutes; `schedule_id` is one that has to be among those taken;
    `instead_of` is the booking that moves, whose own time does not count."""

    requirements: Sequence[Requirement]
    starts_at: datetime
    ends_at: datetime
    booking_id: UUID
    buffer_before: int = 0
    buffer_after: int = 0
    schedule_id: UUID | None = None
    preferred: Sequence[UUID] = ()
    instead_of: UUID | None = None
    override: bool = False

    @property
    def schedule_ids(self) -> list[UUID]:
        return sorted({id_ for wanted in self.requirements for id_ in wanted.schedule_ids})

    @property
    def begins(self) -> datetime:
        return self.starts_at - timedelta(minutes=self.buffer_before)

    @property
    def ends(self) -> datetime:
        return self.ends_at + timedelta(minutes=self.buffer_after)


class _SomebodyWasFaster(Exception):
    def __init__(self, schedule_ids: Sequence[UUID]) -> None:
        self.schedule_ids = schedule_ids


async def take_place(work: Work, wish: Wish) -> list[Schedule]:
    """Takes the time and returns the schedules that were taken, in the order of requirements.

    Raises NotFound, Refused (naming every rule that refuses), SlotTaken.
    """
    bookables = await _find_bookables(work, wish)
    refusals = await _find_refusals(work, wish, bookables)
    free = [id_ for id_ in bookables if not refusals[id_]]
    taken = False
    while chosen := _choose(wish, free):
        try:
            async with work.tx.transaction():
                if missing := await _claim(work, wish, chosen):
                    raise _SomebodyWasFaster(missing)
            return [bookables[id_].schedule for id_ in chosen]
        except _SomebodyWasFaster as faster:
            taken = True
            free = [id_ for id_ in free if id_ not in faster.schedule_ids]
    raise SlotTaken(TAKEN) if taken else _refusal(refusals)


async def _find_bookables(work: Work, wish: Wish) -> dict[UUID, Bookable]:
    """The schedules of the wish. Raises NotFound without any, or without the one it names."""
    bookables = await find_for_booking(
        work.organization_id, work.tx, wish.schedule_ids, wish.starts_at, wish.ends_at
    )
    named = wish.schedule_id or next(iter(bookables), wish.schedule_ids[0])
    found(bookables.get(named), "schedule", shown(SCHEDULE, named))
    return bookables


async def _find_refusals(
    work: Work, wish: Wish, bookables: Mapping[UUID, Bookable]
) -> dict[UUID, list[Detail]]:
    """Every rule that refuses, by schedule. Days with a limit are counted under the lock."""
    if wish.override:
        return {id_: rules.refusals_despite_override(b.schedule) for id_, b in bookables.items()}
    limited = [id_ for id_, b in bookables.items() if b.schedule.booking_limits.max_per_day]
    if limited:
        await lock_schedules(work.organization_id, work.tx, limited)
    refusals = {}
    for id_, bookable in bookables.items():
        starts = await _count_starts(work, wish, bookable.schedule) if id_ in limited else 0
        refusals[id_] = rules.refusals(
            bookable.schedule,
            wish.starts_at,
            wish.ends_at,
            now=work.now,
            is_busy=bookable.is_busy,
            starts_that_day=starts,
        )
    return refusals


async def _count_starts(work: Work, wish: Wish, schedule: Schedule) -> int:
    day = rules.day_of(wish.starts_at, schedule.timezone)
    return await count_starts(
        work.organization_id, work.tx, schedule.id, day, work.now, wish.instead_of
    )


def _choose(wish: Wish, free: Sequence[UUID]) -> list[UUID]:
    """The schedules to take, or none if the free ones do not meet every requirement."""
    first = [*([wish.schedule_id] if wish.schedule_id else []), *wish.preferred]
    chosen: list[UUID] = []
    for wanted in wish.requirements:
        able = [id_ for id_ in wanted.schedule_ids if id_ in free and id_ not in chosen]
        able.sort(key=lambda id_: (id_ not in first, id_))
        if len(able) < wanted.count:
            return []
        chosen += able[: wanted.count]
    return chosen if wish.schedule_id is None or wish.schedule_id in chosen else []


async def _claim(work: Work, wish: Wish, schedule_ids: Sequence[UUID]) -> list[UUID]:
    wanted = Claim(
        claim_id=wish.booking_id,
        booking_id=wish.booking_id,
        schedule_ids=schedule_ids,
        starts_at=wish.starts_at,
        begins=wish.begins,
        ends=wish.ends,
    )
    return await claim(work.organization_id, work.tx, wanted, work.now)


def _refusal(refusals: Mapping[UUID, list[Detail]]) -> KalendsError:
    """The first rule that refuses, and all that do, in the order of the contract."""
    details = sorted({d for found in refusals.values() for d in found}, key=rules.in_order)
    if not details:
        return SlotTaken(TAKEN)
    return Refused(str(details[0].code), details[0].message, details)
