"""Taking time: the one function that every way into the calendar goes through.

An API booking, a page's, a hold, a move and an import all end in `take_place`, or, many at once,
in `take_places`. The engine decides, on what was read in this transaction; then the exclusion
constraint has the last word, which nobody overrides.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from msgspec import Struct, structs

from kalends.availability.rules import Code
from kalends.availability.slots import Decision, decide
from kalends.domain.errors import Detail, KalendsError, Refused, SlotTaken
from kalends.domain.ids import SCHEDULE, new_id, shown
from kalends.domain.schedule import Schedule
from kalends.runtime.unit_of_work import Work, found
from kalends.scheduling.availability import Asked, Question, ask, claim_of, lock_what_counts
from kalends.scheduling.explaining import reasons_of
from kalends.store.availability.calendars import claims_at
from kalends.store.availability.occupancies import Claim, claim, claim_several
from kalends.store.availability.schedules import keep_active_schedules

TAKEN: Final = "This time is already taken. Please choose another."
MOST_TRIES: Final = 50
MINUTE: Final = timedelta(minutes=1)


class Wish(Struct, frozen=True, kw_only=True):
    """What is wanted, when, and for what: a booking, or a hold that ends at `expires_at`."""

    question: Question
    starts_at: datetime
    ends_at: datetime
    booking_id: UUID | None = None
    hold_id: UUID | None = None
    expires_at: datetime | None = None

    def with_buffers(self, begins: datetime, ends: datetime) -> "Wish":
        """The same with the buffers that make its time `[begins, ends)`."""
        question = structs.replace(
            self.question,
            buffer_before=(self.starts_at - begins) // MINUTE,
            buffer_after=(ends - self.ends_at) // MINUTE,
        )
        return structs.replace(self, question=question)

    def claim_on(self, schedule_ids: Sequence[UUID], claim_id: UUID | None = None) -> Claim:
        """The rows to write: own time with the buffers. Seats of one session share a claim, which
        is `claim_id`."""
        question = self.question
        return Claim(
            claim_id=question.shared_claim or claim_id or new_id(),
            event_type_id=question.event_type.id if question.event_type else None,
            booking_id=self.booking_id,
            hold_id=self.hold_id,
            expires_at=self.expires_at,
            schedule_ids=schedule_ids,
            starts_at=self.starts_at,
            begins=self.starts_at - timedelta(minutes=question.buffer_before),
            ends=self.ends_at + timedelta(minutes=question.buffer_after),
        )


class _SomebodyWasFaster(Exception):
    pass


async def take_place(work: Work, wish: Wish) -> list[Schedule]:
    """Takes the time and returns the schedules that were taken, the first one first.

    Raises NotFound, Refused (naming every rule that refuses), SlotTaken.
    """
    for _ in range(MOST_TRIES):
        asked, chosen = await _choose(work, wish)
        try:
            await _claim(work, wish, asked, chosen)
        except _SomebodyWasFaster:
            continue
        return [asked.contents[id_].schedule for id_ in chosen]
    raise SlotTaken(TAKEN)


async def take_places(work: Work, wishes: Sequence[Wish]) -> set[UUID]:
    """The same for many bookings at once, where no rule is asked (`override`) and each wants one
    schedule: those that have their time now. The others may ask `take_place`, which says why."""
    assert all(wish.question.override for wish in wishes)
    schedule_ids = sorted({wish.question.schedule_ids[0] for wish in wishes})
    active = await keep_active_schedules(work.organization_id, work.tx, schedule_ids)
    wanted = [
        wish.claim_on(wish.question.schedule_ids)
        for wish in wishes
        if wish.question.schedule_ids[0] in active
    ]
    return await claim_several(work.organization_id, work.tx, wanted) if wanted else set()


async def _choose(work: Work, wish: Wish) -> tuple[Asked, Sequence[UUID]]:
    """The schedules that the engine gives the wish. Raises NotFound, Refused, SlotTaken.

    Where something is counted, it decides twice: without any lock, so that a crowd in front of a
    full day is sent away at once, and again under the lock, on what others committed meanwhile.
    """
    asked = await _ask(work, wish)
    chosen = _decide(wish, asked)
    if await lock_what_counts(work, wish.question, asked):
        asked = await _ask(work, wish)
        chosen = _decide(wish, asked)
    return asked, chosen


async def _ask(work: Work, wish: Wish) -> Asked:
    asked = await ask(work, wish.question, (wish.starts_at, wish.ends_at), to_book=True)
    _check_found(wish.question, asked)
    return asked


def _check_found(question: Question, asked: Asked) -> None:
    """Raises NotFound without any of the schedules, or without the one that is named."""
    named = question.wanted or next(iter(asked.contents), question.schedule_ids[0])
    found(asked.contents.get(named), "schedule", shown(SCHEDULE, named))


def _decide(wish: Wish, asked: Asked) -> Sequence[UUID]:
    """The schedules that the engine gives the booking. Raises Refused, SlotTaken."""
    start, end = int(wish.starts_at.timestamp()), int(wish.ends_at.timestamp())
    decision = decide(asked.offering, start, end)
    if decision.slot is None:
        raise _refusal(decision, asked, start, end)
    return decision.slot.schedule_ids


async def _claim(work: Work, wish: Wish, asked: Asked, schedule_ids: Sequence[UUID]) -> None:
    """Writes the claim. Where others could be taken instead, a savepoint keeps the transaction
    alive to decide again; where not, SlotTaken ends it."""
    wanted = wish.claim_on(schedule_ids, await _claim_of_session(work, wish, asked, schedule_ids))
    if len(schedule_ids) == len(wish.question.schedule_ids):
        if await claim(work.organization_id, work.tx, wanted, work.now):
            raise SlotTaken(TAKEN)
        return
    async with work.tx.transaction():
        if await claim(work.organization_id, work.tx, wanted, work.now):
            raise _SomebodyWasFaster


async def _claim_of_session(
    work: Work, wish: Wish, asked: Asked, schedule_ids: Sequence[UUID]
) -> UUID | None:
    """The claim of the group session that the wish joins or opens; None for what is no group.

    The first session of a start has the claim that servers of before give it. A further one has
    another, so that the constraint keeps the two apart.
    """
    event_type, start = wish.question.event_type, int(wish.starts_at.timestamp())
    if event_type is None or not wish.question.has_seats:
        return None
    claims = await claims_at(work.organization_id, work.tx, event_type.id, wish.starts_at)
    sessions = asked.offering.sessions_at(start)
    joins = any(set(session.schedule_ids) == set(schedule_ids) for session in sessions)
    if joins and schedule_ids[0] in claims:  # its last seat may have been given back just now
        return claims[schedule_ids[0]]
    first = claim_of(event_type.id, start)
    return claim_of(event_type.id, start, schedule_ids) if first in claims.values() else first


def _refusal(decision: Decision, asked: Asked, start: int, end: int) -> KalendsError:
    """SLOT_TAKEN where nothing but other bookings is in the way; else the first rule that refuses,
    in the order of the contract. All of them stand in the details."""
    reasons = reasons_of(decision, asked)
    details = list(
        dict.fromkeys(Detail("start_time", reason.message, reason.code) for reason in reasons)
    )
    if _is_free_of_rules(asked, start, end):
        return SlotTaken(TAKEN, [d for d in details if d.code == Code.SLOT_TAKEN])
    rules = [detail for detail in details if detail.code != Code.SLOT_TAKEN] or details
    return Refused(str(rules[0].code), rules[0].message, details)


def _is_free_of_rules(asked: Asked, start: int, end: int) -> bool:
    calendars = [replace(calendar, occupied=()) for calendar in asked.offering.calendars]
    emptied = replace(asked.offering, calendars=calendars, sessions=())
    return decide(emptied, start, end).slot is not None
